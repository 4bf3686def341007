"""The command `optiplug tune`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from optiplug import ConfigError
from optiplug.document import parse_setting
from optiplug_compare.options import BatchSize, FigureName, Higher, Steps, Task

from .config import PrunerName, SamplerName

__all__ = ["tune"]

_OPTIONS = r"FILE|--[a-z-]+(?: or --[a-z-]+)?"

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        show_default=False,
        help="The config of a run or an optimizer, with ranges; with --study, by default the study's own.",
    ),
]
Trials = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, show_default=False, help="Trials of the study in all; 30 by default."),
]
Jobs = Annotated[int, typer.Option(metavar="N", min=1, help="Processes on this machine.")]
Seeds = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, show_default=False, help="Runs of each trial; their mean counts."),
]
StudyDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        show_default=False,
        help="The folder of the study: a new one, or one to go on with or to take part in. "
        "By default tune/NAME-TIMESTAMP.",
    ),
]
Sampler = Annotated[
    SamplerName | None,
    typer.Option(show_default=False, help="What chooses the values; tpe by default."),
]
Pruner = Annotated[
    PrunerName | None,
    typer.Option(
        show_default=False, help="What ends a trial early; wilcoxon by default, for five or more seeds."
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=0.0, show_default=False, help="Begin no trial after this time."),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", min=0, show_default=False, help="Decides what the sampler draws."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        show_default=False,
        help="A value or a range in place of FILE's, such as optimizer.beta_2=0.99; may be given again.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON, for programs: an object for each trial that has ended.")
]


def _print_schema(wanted: bool) -> None:
    if wanted:
        from optiplug.cli.schemas import print_found

        from .schema import search_schema

        print_found(*search_schema())
        raise typer.Exit


Schema = Annotated[
    bool,
    typer.Option(
        "--schema",
        is_eager=True,
        callback=_print_schema,
        help="Print the JSON Schema of configs with ranges, for editors, and exit.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show neither progress nor summary.")]


def tune(
    file: File = None,
    *,
    task: Task = None,
    trials: Trials = None,
    jobs: Jobs = 2,
    seeds: Seeds = None,
    study: StudyDir = None,
    sampler: Sampler = None,
    pruner: Pruner = None,
    timeout: Timeout = None,
    figure: FigureName = None,
    higher_is_better: Higher = None,
    steps: Steps = None,
    batch_size: BatchSize = None,
    seed: Seed = None,
    set_: Settings = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _schema: Schema = False,
) -> None:
    """Search the ranges in FILE for the values with which a task is learnt best.

    All is kept in the folder of the study.
    Whatever is killed, `optiplug tune --study DIR` goes on, or takes part in what goes on elsewhere.
    """
    judged = {"task": task, "figure": figure, "higher_is_better": higher_is_better, "steps": steps}
    judged |= {"batch_size": batch_size, "seeds": seeds}
    planned = {"trials": trials, "sampler": sampler, "pruner": pruner, "seed": seed}
    from .opening import opened

    try:
        settings = [parse_setting(each) for each in set_ or ()]
        found = opened(file, study, settings, _given(judged), _given(planned))
    except ConfigError as error:
        raise _usage(error) from None
    from .conducting import conduct

    conduct(*found, jobs=jobs, timeout=timeout, as_json=as_json, quiet=quiet)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _usage(error: ConfigError) -> Exception:
    """Return an error about an option as what it is: the command line is wrong, and not a config."""
    where = error.problems[0].position
    if not re.fullmatch(_OPTIONS, where):
        return error
    return typer.BadParameter(str(error).removeprefix(f"{where}: "), param_hint=where)
