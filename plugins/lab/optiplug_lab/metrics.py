"""metrics.csv: a row for each step, and nothing in it that two equal runs would not share."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optiplug import StateError, Tensor
from optiplug.checkpoint.files import fsync_file, naming, read_whole, replace_file

from .events import Events, read_events
from .rows import LARGEST, problem_of, rebuilt_text, row_of, rows_of, text_of

__all__ = ["Metrics"]


class Metrics:
    """Collects rows and writes them in blocks, so that no step waits for its own values.

    Row 0 holds the evaluation before the first step; `readings` names the columns of the steps,
    and those of the evaluations start with ``test_``. The same goes to the event files in `events`.

    A checkpoint keeps what `commit` returns, the size and the SHA-256 sum of the file at that step: a run
    goes on after exactly its own rows, or not at all.
    """

    def __init__(self, path: Path, readings: Sequence[str], events: Path) -> None:
        self._path, self._readings, self._folder = path, tuple(readings), events
        self.latest: dict[str, float] = {}
        self._columns: list[str] = []
        self._pending: list[tuple[int, Any]] = []
        self._evaluations: dict[int, Mapping[str, float]] = {}

    def start(self, evaluation: Mapping[str, float]) -> None:
        """Begin a new file with the evaluation of the initial variables."""
        self._columns = ["step", *self._readings, *(f"test_{name}" for name in evaluation)]
        head = text_of([self._columns])
        replace_file(self._path, head)
        self._size, self._sum = len(head), hashlib.sha256(head)
        self._events = Events(self._folder)
        self._pending.append((0, None))
        self._evaluations[0] = evaluation
        self.flush()

    def resume(self, step: int, committed: Mapping[str, Any], *, rebuild: bool = False) -> None:
        """Go on after `step`, at which `commit` returned `committed`; later rows are dropped.

        With `rebuild`, a file that does not hold the rows of this run is made again from the event files.

        Raises
        ------
        StateError
            If the rows of this run are neither there nor to be made again; nothing was changed.
        """
        found, problem = self._found(step, committed)
        kept = found[: committed["bytes"]]
        if problem:
            kept = self._rebuilt(step, committed, problem, rebuild)
        if kept != found:
            replace_file(self._path, kept)
        self._size, self._sum = len(kept), hashlib.sha256(kept)
        self._columns, *rows = rows_of(kept)
        self._events = Events(self._folder, {int(number): self._figures(cells) for number, *cells in rows})

    def _found(self, step: int, committed: Mapping[str, Any]) -> tuple[bytes, str]:
        """Return the content of the file, and what keeps it from beginning with the rows up to `step`."""
        if not isinstance(committed.get("bytes"), int) or not isinstance(committed.get("sha256"), str):
            rule = "the checkpoint does not say which rows belong to it"
            raise StateError(rule, where=str(self._path), hint="start a new run")
        try:
            content = read_whole(self._path, LARGEST)
        except OSError as error:
            return b"", f"it cannot be read: {error.strerror or error}"
        if hashlib.sha256(content[: committed["bytes"]]).hexdigest() == committed["sha256"]:
            return content, ""
        return content, problem_of(content, self._readings, step)

    def _rebuilt(self, step: int, committed: Mapping[str, Any], problem: str, rebuild: bool) -> bytes:
        where = str(self._path)
        if not rebuild:
            hint = "`--rebuild-metrics` writes it again from the event files"
            raise StateError(problem, where=where, hint=hint)
        try:
            content = rebuilt_text(read_events(self._folder), self._readings, step)
        except ValueError as error:
            raise StateError(f"{problem}, and it cannot be rebuilt: {error}", where=where) from None
        if hashlib.sha256(content).hexdigest() != committed["sha256"]:
            rule = f"{problem}, and it cannot be rebuilt: the event files are not those that this run wrote"
            raise StateError(rule, where=where)
        return content

    def _figures(self, cells: Sequence[str]) -> dict[str, float]:
        return {name: float(cell) for name, cell in zip(self._columns[1:], cells, strict=True) if cell}

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
            rows.append(row_of(step, figures, self._columns))
            self.latest |= self._figures(rows[-1][1:])
        self._pending.clear()
        self.latest = {name: self.latest[name] for name in self._columns if name in self.latest}
        self._append(text_of(rows))
        self._events.flush()

    def commit(self) -> dict[str, object]:
        """Bring what was kept to the disk, and return what `resume` needs to know the rows again."""
        self.flush()
        fsync_file(self._path)
        return {"bytes": self._size, "sha256": self._sum.hexdigest()}

    def _append(self, content: bytes) -> None:
        try:
            # Not to be made anew, if somebody took it away: it would hold the later rows only.
            with naming(self._path), self._path.open("r+b") as file:
                file.seek(self._size)
                file.write(content)
                file.truncate()
        except OSError:
            # No row is left cut in two, where the disk was full.
            with contextlib.suppress(OSError):
                os.truncate(self._path, self._size)
            raise
        self._size += len(content)
        self._sum.update(content)

    def _known(self, values: Tensor) -> dict[str, float]:
        """Return the readings that there are: a gradient norm below 0 stands for none."""
        readings = zip(self._readings, values.numpy().tolist(), strict=True)
        return {name: value for name, value in readings if name != "gradient_norm" or not value < 0}
