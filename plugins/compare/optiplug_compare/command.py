"""The command `optiplug compare`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from optiplug_lab.command import setting
from optiplug_lab.words import say

from .conclusion import conclude, conclude_existing, retried
from .entrants import Asked, entrants
from .judged import Judged
from .options import BatchSize, FigureName, Higher, Steps, Task
from .plan import Entrant, Plan, laid_down, new_folder

__all__ = ["compare"]

_SEEDS, _THREADS = 5, 1
_FACTORS = "0.1,0.3,3,10"

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="CONFIG|RUN",
        show_default=False,
        help="Configs of runs or optimizers, to be trained; or run folders, to be compared as they are.",
    ),
]
Optimizers = Annotated[
    str | None,
    typer.Option(metavar="NAMES", show_default=False, help="Optimizers with their defaults: lion,adamw."),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, show_default=False, help=f"Runs of each row that are judged; by default {_SEEDS}."
    ),
]
Target = Annotated[
    float | None,
    typer.Option(metavar="VALUE", show_default=False, help="To be reached, by default the goal's."),
]
LearningRates = Annotated[
    str | None,
    typer.Option(
        metavar="FACTORS",
        show_default=False,
        help=f"More runs of the first seed, with the rate times each; by default {_FACTORS}; or none.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, show_default=False, help="Processes; by default one for each core."),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        show_default=False,
        help=f"TensorFlow's threads in each process, which decide the last bits; by default {_THREADS}.",
    ),
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
    optimizers: Optimizers = None,
    task: Task = None,
    seeds: Seeds = None,
    steps: Steps = None,
    batch_size: BatchSize = None,
    figure: FigureName = None,
    higher_is_better: Higher = None,
    target: Target = None,
    learning_rates: LearningRates = None,
    jobs: Jobs = None,
    threads: Threads = None,
    dir_: Dir = None,
    resume: Resume = None,
    set_: Settings = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train several optimizers on one task, over several seeds, and say which differ by more than chance."""
    trains: dict[str, object] = {"--optimizers": optimizers, "--task": task, "--steps": steps}
    trains |= {"--batch-size": batch_size, "--set": set_ or None, "--seeds": seeds, "--threads": threads}
    trains["--learning-rates"] = learning_rates
    judges = {"--figure": figure, "--higher-is-better": higher_is_better, "--target": target, "--dir": dir_}
    judged = Judged(figure, higher_is_better, target)
    if resume is not None:
        _require_none({"CONFIG|RUN": paths or None, **trains, **judges}, "--resume")
        plan, folder = Plan.read(resume), resume
        retried(plan, folder)
    elif paths and any(path.is_dir() for path in paths):
        _require_none({**trains, "--jobs": jobs}, "RUN, which was trained already")
        conclude_existing(paths, judged, dir_, as_json=as_json, quiet=quiet)
        return
    else:
        asked = Asked(task, steps, batch_size, list(map(setting, set_ or ())))
        found = entrants(paths or [], _names(optimizers or "", needed=not paths), asked)
        number = {"seeds": seeds or _SEEDS, "threads": threads or _THREADS}
        factors = _factors(_FACTORS if learning_rates is None else learning_rates)
        plan = Plan.of(found, judged.of(found[0].config.task), factors=factors, **number)
        folder = new_folder(dir_, plan.task["use"])
        laid_down(plan, folder)
        _say_plan(plan, found, folder, quiet=quiet)
    if not conclude(plan, folder, jobs, as_json=as_json, quiet=quiet):
        raise typer.Exit(1)


def _require_none(given: Mapping[str, object], other: str) -> None:
    if option := next((name for name, value in given.items() if value is not None), ""):
        raise typer.BadParameter(f"cannot be combined with {other}", param_hint=option)


def _names(text: str, *, needed: bool) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if needed and not names:
        raise typer.BadParameter("or --optimizers, or --resume, is required", param_hint="CONFIG|RUN")
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


def _say_plan(plan: Plan, found: Sequence[Entrant], folder: Path, *, quiet: bool) -> None:
    scaled = [run for run in plan.runs if run.rate_factor != 1]
    without = [each.name for each in found if not each.has_rate]
    if scaled and without:
        names = ", ".join(without)
        say(f"Without a learning rate, so that there is none to vary: {names}.")
    if not quiet:
        say(f"{plan.title}: {len(plan.runs)} runs of {plan.steps} steps in {folder}")
