"""The text of metrics.csv, and what is wrong with one that is not as it was written."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from optiplug.checkpoint.files import read_whole

__all__ = ["LARGEST", "problem_of", "read_metrics", "rebuilt_text", "row_of", "rows_of", "span", "text_of"]

LARGEST = 2**30
"""The most bytes of a metrics.csv that is read: rows of ten million steps."""
_LONGEST_NUMBER = 18  # digits of a step


def text_of(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as metrics.csv holds them."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def rows_of(content: bytes) -> list[list[str]]:
    """Return the rows of a metrics.csv, of which the first has the names of the columns.

    Raises
    ------
    ValueError
        If it is no text of this form.
    """
    try:
        return list(csv.reader(io.StringIO(content.decode(), newline="")))
    except csv.Error as error:
        raise ValueError(str(error)) from error


def read_metrics(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the (step, value) pairs of each column."""
    columns, *rows = rows_of(read_whole(path, LARGEST)) or [["step"]]
    return {
        name: [(int(row[0]), float(row[place])) for row in rows if row[place]]
        for place, name in enumerate(columns)
        if place
    }


def row_of(step: int, figures: Mapping[str, float], columns: Sequence[str]) -> list[str]:
    """Return the row of a step; what is not known is left empty."""
    # As float32, whose shortest text is what a reader expects: 0.1 and not 0.10000000149.
    cells = (str(np.float32(figures[name])) if name in figures else "" for name in columns[1:])
    return [str(step), *cells]


def rebuilt_text(events: Mapping[int, Mapping[str, float]], readings: Sequence[str], step: int) -> bytes:
    """Return the text of a metrics.csv up to `step`, made of the figures of every step.

    Raises
    ------
    ValueError
        If there are steps without figures; its text says which.
    """
    lost = [each for each in range(step + 1) if each not in events]
    if lost:
        raise ValueError(f"no event file has the rows of {', '.join(_spans(lost))}")
    columns = ["step", *readings, *events[0]]
    return text_of([columns, *(row_of(each, events[each], columns) for each in range(step + 1))])


def problem_of(content: bytes, readings: Sequence[str], step: int) -> str:
    """Return what keeps a metrics.csv from holding the rows of a run up to `step`."""
    try:
        columns, *rows = rows_of(content) or [[]]
    except ValueError as error:
        return f"it cannot be read: {error}"
    if columns[: len(readings) + 1] != ["step", *readings]:
        return f"its columns are {', '.join(columns) or 'none'}, and not those of this run"
    problems = _problems_of_rows(rows[: step + 1], len(columns), step)
    return next(problems, f"its rows up to step {step} are not those that this run wrote")


def _problems_of_rows(rows: Sequence[Sequence[str]], width: int, step: int) -> Iterator[str]:
    for expected, row in enumerate(rows):
        number = _number_of(row)
        if number < 0 or len(row) != width:
            yield f"line {expected + 2} is no whole row"
        elif number < expected:
            yield f"the row of step {number} is there twice"
        elif number > expected:
            yield f"the rows of {span(expected, number - 1)} are missing"
    if len(rows) <= step:
        yield f"the rows of {span(len(rows), step)} are missing"


def _number_of(row: Sequence[str]) -> int:
    """Return the step of a row, -1 if it says none."""
    text = row[0] if row else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else -1


def span(first: int, last: int) -> str:
    """Return words for the steps from `first` to `last`.

    >>> span(3, 3), span(3, 5)
    ('step 3', 'steps 3 to 5')
    """
    return f"step {first}" if first == last else f"steps {first} to {last}"


def _spans(steps: Sequence[int]) -> Iterator[str]:
    first = last = steps[0]
    for step in steps[1:]:
        if step > last + 1:
            yield span(first, last)
            first = step
        last = step
    yield span(first, last)
