"""What every part of the suite is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .contestants import OURS
from .shapes import Shapes
from .timing import Timing

__all__ = ["COMPARED", "Case", "Options", "Part", "Row", "compared"]

Row: TypeAlias = tuple[str, ...]
Case: TypeAlias = Callable[[], list[Row]]
COMPARED = ("first step", "ratio", "median step", "ratio")


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    rounds: int
    shapes: Mapping[str, Shapes]
    setups: tuple[str, ...]
    gradients: tuple[str, ...]
    quick: bool
    trained: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    optimizers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A table. Its cases run one after the other, each in a process of its own, and return its rows.

    `rounds` is how often contestants take turns by default, and `quick_rounds` in a quick run; `arranged`
    returns the groups of rows that are shown for those of the cases.
    """

    about: str
    columns: Row
    cases: Callable[[Options], Iterable[Case]]
    rounds: int = 30
    quick_rounds: int = 3
    arranged: Callable[[Sequence[Sequence[Row]]], Sequence[Sequence[Row]]] = list


def compared(case: Row, timings: Mapping[str, Timing]) -> list[Row]:
    """Return a row for each contestant: what the case is, the contestant, and `COMPARED`, ours / its own."""
    ours = timings[OURS]
    return [
        (
            *case,
            label,
            f"{timing.first:.2f} s",
            f"{ours.first / timing.first:.2f}",
            f"{1e3 * timing.step:.2f} ms",
            f"{ours.step / timing.step:.2f}",
        )
        for label, timing in timings.items()
    ]
