"""Sphinx extension: the directive ``leaderboard NAME``, a table or a picture of what has been run.

It is made from the protocol and the records in `benchmarks/leaderboard`; what is missing there is shown as
not run.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

sys.path.append(str(Path(__file__).parents[2]))

from benchmarks.leaderboard.costs import costs  # found by the line above
from benchmarks.leaderboard.findings import diagnoses
from benchmarks.leaderboard.protocol import Protocol
from benchmarks.leaderboard.rows import Row, names
from benchmarks.leaderboard.score import Board, Score, board
from optiplug_author.pages.markdown import code, escaped, pipe_table
from standings import profiles, speed_ups

__all__ = ["PICTURES", "RUNS", "TABLES", "read"]

RUNS = Path(__file__).parents[2] / "benchmarks" / "leaderboard" / "runs"
NOT_RUN, MISS = "not run", "miss"

Lines = Sequence[str]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("leaderboard", Leaderboard)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Leaderboard(SphinxDirective):
    """Insert what the argument names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a table or a picture; the page is written anew with each build, as records may be new."""
        self.env.note_reread()
        name, known = self.arguments[0], read(RUNS)
        if name in PICTURES:
            return [nodes.raw("", PICTURES[name](known), format="html")]
        return self.parse_text_to_nodes("\n".join(TABLES[name](known)))


@functools.cache
def read(folder: Path) -> Board:
    """Return the board of the records in a folder."""
    return board(Protocol.read(), folder, names())


def workloads(known: Board) -> Lines:
    """Return what the protocol says of each workload."""
    rows = [
        (
            f"[{name}](catalogue/tasks/{each.task['use']}.md)",
            f"{each.figure}, {'higher' if each.higher_is_better else 'lower'} is better",
            f"{each.batch_size}",
            f"{each.steps}",
            f"{each.evaluate_every}",
        )
        for name, each in known.protocol.workloads.items()
    ]
    return list(pipe_table(("workload", "figure", "batch", "budget, steps", "evaluated every"), rows))


def targets(known: Board) -> Lines:
    """Return the targets, and what each baseline reached."""
    baselines = known.protocol.targets.rows
    rows = []
    for name in known.protocol.workloads:
        target = known.targets.get(name)
        cells = [NOT_RUN] * (1 + len(baselines))
        if target is not None:
            cells = [f"**{target.value:.4g}**", *(f"{target.medians[row]:.4g}" for row in baselines)]
        rows.append((name, *cells))
    return list(pipe_table(("workload", "target", *map(code, baselines)), rows))


def tuned(known: Board) -> Lines:
    """Return the scores of track A."""
    head = ("row", "reached", "speed-up", "95 % interval", "p", "profile", *known.protocol.workloads)
    return list(pipe_table(head, [_tuned(known, score) for score in known.tuned]))


def _tuned(known: Board, score: Score) -> tuple[str, ...]:
    reference = score.row == known.protocol.reference
    interval = ""
    if score.speed_up > 0 and score.error > 0 and not reference:
        low, high = (score.speed_up * math.exp(sign * 1.96 * score.error) for sign in (-1, 1))
        interval = f"{low:.2f} to {high:.2f}"
    chance = "" if math.isnan(score.p_value) else f"{score.p_value:.3f}".replace("0.000", "< 0.001")
    return (*_first_cells(known, score), interval, chance, _profile(score), *_steps(known, score))


def fixed(known: Board) -> Lines:
    """Return the scores of track B."""
    head = ("row", "reached", "speed-up", "profile", *known.protocol.workloads)
    rows = [(*_first_cells(known, score), _profile(score), *_steps(known, score)) for score in known.fixed]
    return list(pipe_table(head, rows))


def _first_cells(known: Board, score: Score) -> tuple[str, ...]:
    count = len(known.protocol.workloads)
    if not score.steps:
        return code(score.row), NOT_RUN, ""
    reached = f"{score.reached} of {count}"
    if math.isnan(score.speed_up):
        return code(score.row), reached, "unfinished"
    if score.speed_up:
        return code(score.row), reached, f"{score.speed_up:.2f}"
    return code(score.row), reached, f"{MISS}; {score.where_reached:.2f} elsewhere" if score.reached else MISS


def _profile(score: Score) -> str:
    return f"{score.profile:.2f}" if score.steps else ""


def _steps(known: Board, score: Score) -> list[str]:
    cells = []
    for name in known.protocol.workloads:
        steps = score.steps.get(name)
        cell = NOT_RUN if steps is None else MISS if math.isinf(steps) else f"{steps:g}"
        cells.append(f"**{cell}**" if name in score.sure else cell)
    return cells


def rows_of_board(known: Board) -> Lines:
    """Return what each row is, with its ranges."""
    found = []
    for row in map(Row.read, known.records):
        default = row.space.default
        ranges = "; ".join(f"{code(name)} {_range(row, name, default[name])}" for name in row.space.ranges)
        found.append((code(row.name), escaped(row.about), ranges))
    return list(pipe_table(("row", "what it is", "ranges on track A, and the value on track B"), found))


def _range(row: Row, name: str, default: object) -> str:
    one = row.space.ranges[name]
    if one.kind == "choice":
        return f"of {', '.join(map(str, one.choices))}: {default}"
    return f"{one.low:g} to {one.high:g}{', log' if one.log else ''}: {default:.3g}"


def costs_of_rows(known: Board) -> Lines:
    """Return the time of a step, and the state."""
    found, workloads = costs(RUNS, known.protocol.version), known.protocol.workloads
    rows = []
    for score in known.tuned:
        cells = []
        for name in workloads:
            cost = found.get((score.row, name))
            cells.append(NOT_RUN if cost is None else f"{cost.ms:.2f} ({cost.ms / cost.reference_ms:.2f})")
        held = [cost for name in workloads if (cost := found.get((score.row, name)))]
        sizes = [each.state_bytes / each.parameters for each in held]
        rows.append((code(score.row), f"{min(sizes):.1f} to {max(sizes):.1f}" if sizes else NOT_RUN, *cells))
    return list(pipe_table(("row", "state, bytes per parameter", *(f"{n}, ms" for n in workloads)), rows))


def diagnostics(known: Board) -> Lines:
    """Return which diagnostics each row passes."""
    found = diagnoses(RUNS, known.protocol.version)
    columns = list(dict.fromkeys(name for each in found.values() for name in each.passed))
    words: Mapping[bool | None, str] = {True: "yes", False: "no", None: "cannot be run"}
    rows = []
    for score in known.tuned:
        passed = found[score.row].passed if score.row in found else {}
        count = f"{sum(value is True for value in passed.values())} of {len(passed)}" if passed else NOT_RUN
        cells = (words[passed[name]] if name in passed else NOT_RUN for name in columns)
        rows.append((code(score.row), count, *cells))
    return list(pipe_table(("row", "passed", *columns), rows))


TABLES: Mapping[str, Callable[[Board], Lines]] = {
    "workloads": workloads,
    "targets": targets,
    "tuned": tuned,
    "fixed": fixed,
    "rows": rows_of_board,
    "costs": costs_of_rows,
    "diagnostics": diagnostics,
}
PICTURES: Mapping[str, Callable[[Board], str]] = {"speed-ups": speed_ups, "profiles": profiles}
