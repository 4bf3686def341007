"""The result of a comparison, made of what its runs have left: results.json and all that is made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from optiplug import OptiplugError
from optiplug.checkpoint.files import replace_file
from optiplug_lab.command import read_config
from optiplug_lab.folder import RunFolder

from .outcome import Outcome, record_of
from .plan import Plan, PlannedRow
from .records import Comparison, Figure, Row, RunRecord
from .significance import judged_pairs

__all__ = ["RESULTS", "comparison_of", "leave", "named_figure"]

RESULTS = "results.json"
"""The file of a comparison that has all that is known of it."""


def comparison_of(plan: Plan, folder: Path) -> Comparison:
    """Return what is known of the comparison in a folder; runs that have not ended are running."""
    runs = [record_of(each, folder) for each in plan.runs]
    named = [each.row for each in plan.runs]
    rows = [
        _row(row, [run for run, name in zip(runs, named, strict=True) if name == row.name], plan, folder)
        for row in plan.rows
    ]
    figure = named_figure(plan.figure, runs)
    return Comparison(
        title=plan.title,
        task=plan.task,
        figure=figure,
        steps=plan.steps,
        batch_size=plan.batch_size,
        rows=tuple(rows),
        pairs=judged_pairs(rows, figure),
        versions=_versions(plan, folder),
        made=dt.datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def leave(comparison: Comparison, folder: Path) -> None:
    """Write results.json."""
    replace_file(folder / RESULTS, comparison.model_dump_json(indent=1) + "\n")


def named_figure(figure: Figure, runs: Sequence[RunRecord]) -> Figure:
    """Return the figure that counts: if it has no name, the first that the task has returned."""
    first = next((name for run in runs for name in run.figures), "")
    return figure if figure.name else figure.model_copy(update={"name": first})


def _row(row: PlannedRow, runs: Sequence[RunRecord], plan: Plan, folder: Path) -> Row:
    outcomes = [Outcome.read(folder / run.folder) for run in runs]
    sizes = [(each.parameters, each.state_bytes) for each in outcomes if each and each.parameters]
    parameters, state_bytes = sizes[0] if sizes else (0, 0)
    return Row(
        name=row.name,
        config=row.config,
        # The number of threads decides the last bits of a sum.
        command=f"TF_NUM_INTRAOP_THREADS={plan.threads} optiplug train {row.file}",
        parameters=parameters,
        state_bytes=state_bytes,
        runs=tuple(runs),
    )


def _versions(plan: Plan, folder: Path) -> dict[str, str]:
    """Return the versions that the runs were made with."""
    found: dict[str, str] = {}
    for run in plan.runs:
        with suppress(OptiplugError, OSError):  # of a run that has not begun
            found |= read_config(RunFolder(folder / run.folder).config_in_force).versions
    return dict(sorted(found.items()))
