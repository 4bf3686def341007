"""metrics.csv: a row for each step, and nothing in it that two equal runs would not share."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from optiplug import StateError, Tensor

from .events import Events

__all__ = ["Metrics", "read_metrics"]


class Metrics:
    """Collects rows and writes them in blocks, so that no step waits for its own values.

    Row 0 holds the evaluation before the first step; `readings` names the columns of the steps,
    and those of the evaluations start with ``test_``. The same goes to the event files in `events`.
    """

    def __init__(self, path: Path, readings: Sequence[str], events: Path) -> None:
        self._path, self._readings, self._folder = path, tuple(readings), events
        self.latest: dict[str, float] = {}
        self._columns: list[str] = []
        self._pending: list[tuple[int, Any]] = []
        self._evaluations: dict[int, Mapping[str, float]] = {}

    def start(self, evaluation: Mapping[str, float]) -> None:
        """Begin a new file with the evaluation of the initial variables."""
        self._events = Events(self._folder)
        self._columns = ["step", *self._readings, *(f"test_{name}" for name in evaluation)]
        with self._path.open("w", newline="") as file:
            csv.writer(file).writerow(self._columns)
        self._pending.append((0, None))
        self._evaluations[0] = evaluation
        self.flush()

    def resume(self, step: int) -> None:
        """Go on after `step`; later rows, which will be made again, are dropped."""
        try:
            with self._path.open(newline="") as file:
                self._columns, *rows = csv.reader(file)
            kept = [row for row in rows if row and int(row[0]) <= step]
        except (OSError, ValueError) as error:
            raise StateError(f"the metrics cannot be read: {error}", where=str(self._path)) from error
        with self._path.open("w", newline="") as file:
            csv.writer(file).writerows([self._columns, *kept])
        self._events = Events(self._folder)
        for number, *cells in kept:
            figures = zip(self._columns[1:], cells, strict=True)
            self._events.add(int(number), {name: float(cell) for name, cell in figures if cell})
        self._events.flush()

    def add(self, step: int, values: Tensor) -> None:
        """Keep the readings of a step: a vector that may still be on its way."""
        self._pending.append((step, values))

    def evaluated(self, step: int, evaluation: Mapping[str, float]) -> None:
        """Keep an evaluation after a step that was added."""
        self._evaluations[step] = evaluation

    def flush(self) -> None:
        """Write what was kept; `latest` has the last value of each reading and of the evaluations then."""
        rows = []
        for step, values in self._pending:
            figures = {f"test_{name}": value for name, value in self._evaluations.pop(step, {}).items()}
            if values is not None:
                figures |= self._known(values)
            self._events.add(step, figures)
            # As float32, whose shortest text is what a reader expects: 0.1 and not 0.10000000149.
            texts = {name: str(np.float32(value)) for name, value in figures.items()}
            rows.append({"step": step, **texts})
            self.latest |= {name: float(text) for name, text in texts.items()}
        self.latest = {name: self.latest[name] for name in self._columns if name in self.latest}
        with self._path.open("a", newline="") as file:
            csv.DictWriter(file, self._columns, restval="").writerows(rows)
        self._events.flush()
        self._pending.clear()

    def _known(self, values: Tensor) -> dict[str, float]:
        """Return the readings that there are: a gradient norm below 0 stands for none."""
        readings = zip(self._readings, values.numpy().tolist(), strict=True)
        return {name: value for name, value in readings if name != "gradient_norm" or not value < 0}


def read_metrics(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the (step, value) pairs of each column."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [name for name in rows[0] if name != "step"] if rows else []
    return {name: [(int(row["step"]), float(row[name])) for row in rows if row[name]] for name in columns}
