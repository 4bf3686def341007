"""From a plan, or from runs that there are, to results in a folder and a table."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from optiplug.checkpoint import Claim
from optiplug.errors import ClaimedError
from optiplug_lab.words import say

from .existing import ExistingRun, compared_runs, grouped, read_runs
from .judged import Judged
from .outcome import Outcome
from .plan import Plan, new_folder
from .progress import progress_of
from .records import Comparison
from .results import comparison_of, leave
from .standings_table import show
from .workers import Workers, cores

__all__ = ["conclude", "conclude_existing", "retried"]


def conclude(plan: Plan, folder: Path, jobs: int | None, *, as_json: bool, quiet: bool) -> bool:
    """Do the runs of a plan that are left; return whether none has failed.

    Raises
    ------
    KeyboardInterrupt
        If interrupted; how to go on was said.
    """
    left = [each for each in plan.runs if Outcome.read(folder / each.folder) is None]
    if left:
        count = min(jobs or max(1, cores() // plan.threads), len(left))
        with (
            progress_of(plan, folder, quiet=quiet) as progress,
            Workers(folder, plan, count, progress) as workers,
        ):
            try:
                workers.work()
            except KeyboardInterrupt:
                _say_how_to_go_on(plan, folder)
                raise
    comparison = comparison_of(plan, folder)
    _tell(comparison, folder, as_json=as_json, quiet=quiet)
    return not any(run.ended == "failed" for row in comparison.rows for run in row.runs)


def conclude_existing(
    paths: Sequence[Path], judged: Judged, folder: Path | None, *, as_json: bool, quiet: bool
) -> None:
    """Compare runs that there are.

    Raises
    ------
    OptiplugError
        If there is none in one of the folders, or they cannot be compared.
    """
    runs = read_runs(paths)
    figure = judged.of(runs[0].config.task)
    sizes = _sizes(runs)
    comparison = compared_runs(runs, figure, sizes)
    made = new_folder(folder, comparison.task["use"])
    _tell(comparison, made, as_json=as_json, quiet=quiet)


def retried(plan: Plan, folder: Path) -> None:
    """Let runs that have failed be done again, unless somebody has them."""
    for run in plan.runs:
        path = folder / run.folder
        known = Outcome.read(path)
        if known is not None and known.ended == "failed":
            with contextlib.suppress(ClaimedError), Claim(path, say=say):
                Outcome.forget(path)


def _sizes(runs: Sequence[ExistingRun]) -> dict[str, dict[str, int]]:
    """Return parameters and bytes of state of the optimizer of each row."""
    # What a task prints is no data.
    with contextlib.redirect_stdout(sys.stderr):
        from optiplug_lab.launch import prepare_tensorflow

        prepare_tensorflow(0)
        from optiplug_lab.tasks import built

        from .trained import sizes

        config = runs[0].config
        variables = {str(each.name): each for each in built(config.task, config.seed).variables}
        return {name: sizes(members[0].config, variables) for name, members in grouped(runs).items()}


def _tell(comparison: Comparison, folder: Path, *, as_json: bool, quiet: bool) -> None:
    from .report import write_report  # which draws

    leave(comparison, folder)
    page, *_ = write_report(comparison, folder)
    if as_json:
        told = {"format": 1, "folder": str(folder), "comparison": comparison.model_dump(mode="json")}
        print(json.dumps(told, allow_nan=False))  # noqa: T201
    elif not quiet:
        show(comparison, page, sys.stdout)


def _say_how_to_go_on(plan: Plan, folder: Path) -> None:
    ended = sum(Outcome.read(folder / each.folder) is not None for each in plan.runs)
    say(f"{ended} of {len(plan.runs)} runs have ended. `optiplug compare --resume {folder}` goes on.")
