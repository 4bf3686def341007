"""The command `optiplug compare`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from optiplug import ConfigError
from optiplug.document import Setting, parse_setting
from optiplug_lab.words import say

from .conclusion import conclude, conclude_existing, retried
from .entrants import Asked, entrants
from .judged import Judged
from .plan import Entrant, Plan, laid_down, new_folder

__all__ = ["compare"]

_OF_TRAINING = ("--optimizers", "--task", "--steps", "--batch-size", "--set")

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="CONFIG|RUN",
        show_default=False,
        help="Configs of runs or optimizers, to be trained; or run folders, to be compared as they are.",
    ),
]
Optimizers = Annotated[
    str,
    typer.Option(
        metavar="NAMES", show_default=False, help="Optimizers with their defaults, as in lion,adamw."
    ),
]
Task = Annotated[
    str | None, typer.Option(metavar="NAME", show_default=False, help="What is learnt, as in --task digits.")
]
Seeds = Annotated[int, typer.Option(metavar="N", min=1, help="Runs of each row that are judged.")]
Steps = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, show_default=False, help="Steps of a run; by default the task's goal."),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, show_default=False, help="Examples in a step; by default the task's goal."
    ),
]
FigureName = Annotated[
    str | None,
    typer.Option(
        "--figure", metavar="NAME", show_default=False, help="What is judged, by default the goal's."
    ),
]
Higher = Annotated[
    bool | None,
    typer.Option(
        "--higher-is-better/--lower-is-better",
        show_default=False,
        help="Which way the figure is better, if the task has no goal that says it.",
    ),
]
Target = Annotated[
    float | None,
    typer.Option(metavar="VALUE", show_default=False, help="To be reached, by default the goal's."),
]
LearningRates = Annotated[
    str,
    typer.Option(
        metavar="FACTORS",
        help="More runs of the first seed, with the learning rate times each of these; `none` for none.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, show_default=False, help="Processes; by default one for each core."),
]
Threads = Annotated[
    int, typer.Option(metavar="N", min=1, help="TensorFlow's threads in each; they decide the last bits.")
]
Dir = Annotated[
    Path | None,
    typer.Option("--dir", metavar="DIR", show_default=False, help="By default compare/TASK-TIMESTAMP."),
]
Resume = Annotated[
    Path | None,
    typer.Option(metavar="DIR", show_default=False, help="Go on with a comparison, or take part in it."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        show_default=False,
        help="A value for every run, such as task.shift=0; may be given again.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show neither progress nor table.")]


def compare(
    paths: Paths = None,
    *,
    optimizers: Optimizers = "",
    task: Task = None,
    seeds: Seeds = 5,
    steps: Steps = None,
    batch_size: BatchSize = None,
    figure: FigureName = None,
    higher_is_better: Higher = None,
    target: Target = None,
    learning_rates: LearningRates = "0.1,0.3,3,10",
    jobs: Jobs = None,
    threads: Threads = 1,
    dir_: Dir = None,
    resume: Resume = None,
    set_: Settings = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train several optimizers on one task, over several seeds, and say which differ by more than chance."""
    given = {"CONFIG|RUN": paths, "--optimizers": optimizers, "--task": task, "--steps": steps}
    given |= {"--batch-size": batch_size, "--figure": figure, "--target": target, "--set": set_}
    given |= {"--dir": dir_, "--higher-is-better": higher_is_better is not None}
    judged = Judged(figure, higher_is_better, target)
    if resume is not None:
        _require_none(given, "--resume")
        plan, folder = Plan.read(resume), resume
        retried(plan, folder)
    elif paths and any(path.is_dir() for path in paths):
        _require_none({name: given[name] for name in _OF_TRAINING}, "RUN, which is trained already")
        conclude_existing(paths, judged, dir_, as_json=as_json, quiet=quiet)
        return
    else:
        asked = Asked(task, steps, batch_size, list(map(_setting, set_ or ())))
        found = entrants(paths or [], _names(optimizers), asked)
        factors = _factors(learning_rates)
        figure_of_task = judged.of(found[0].config.task)
        plan = Plan.of(found, figure_of_task, seeds=seeds, factors=factors, threads=threads)
        folder = new_folder(dir_, plan.task["use"])
        laid_down(plan, folder)
        _say_plan(plan, found, folder, quiet=quiet)
    if not conclude(plan, folder, jobs, as_json=as_json, quiet=quiet):
        raise typer.Exit(1)


def _require_none(given: Mapping[str, object], other: str) -> None:
    if option := next((name for name, value in given.items() if value), ""):
        raise typer.BadParameter(f"cannot be combined with {other}", param_hint=option)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise typer.BadParameter(f"{twice} is there twice", param_hint="--optimizers")
    return names


def _factors(text: str) -> list[float]:
    if text.strip() == "none":
        return []
    try:
        factors = [float(part) for part in text.split(",")]
    except ValueError:
        factors = [math.nan]
    if not all(0 < each < math.inf for each in factors) or len({*factors, 1.0}) <= len(factors):
        rule = "must be different numbers above 0, other than 1, with commas between them, or `none`"
        raise typer.BadParameter(f"{rule}, and not {text!r}", param_hint="--learning-rates")
    return factors


def _setting(text: str) -> Setting:
    try:
        return parse_setting(text)
    except ConfigError as error:
        raise typer.BadParameter(str(error).removeprefix("--set: "), param_hint="--set") from None


def _say_plan(plan: Plan, found: Sequence[Entrant], folder: Path, *, quiet: bool) -> None:
    scaled = [run for run in plan.runs if run.rate_factor != 1]
    without = [each.name for each in found if not each.has_rate]
    if scaled and without:
        names = ", ".join(without)
        say(f"Without a learning rate, so that there is none to vary: {names}.")
    if not quiet:
        say(f"{plan.title}: {len(plan.runs)} runs of {plan.steps} steps in {folder}")
