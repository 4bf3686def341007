"""Steps of formulas for whole matrices on a transformer, its variables of one shape stacked or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from .contestants import CONTESTANTS, OURS, entered
from .part import COMPARED, Case, Options, Part, Row, compared
from .setups import Setup
from .shapes import transformer
from .timing import race

__all__ = ["PART"]

APART = f"{OURS}, apart"
CASES = [("muon", 24, 256), ("soap", 24, 64)]
QUICK = [("muon", 4, 32), ("soap", 2, 16)]


def measured(optimizer: str, blocks: int, width: int, rounds: int) -> list[Row]:
    """Return the rows of one optimizer on a transformer of so many blocks."""
    stacked = Setup(optimizer)
    apart = replace(stacked, hyperparameters={"pack_small_variables": False})
    contestants = {}
    for label, setup in ((OURS, stacked), (APART, apart)):
        built = entered({OURS: CONTESTANTS[OURS]}, transformer(blocks, width), setup, computed=True)
        contestants[label] = built[OURS]
    return compared((optimizer, str(blocks), str(width)), race(contestants, rounds))


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each optimizer."""
    for optimizer, blocks, width in QUICK if options.quick else CASES:
        yield partial(measured, optimizer, blocks, width, options.rounds)


PART = Part(
    "Steps on the variables of a transformer, those of one shape stacked, or each apart "
    "(`pack_small_variables=False`).",
    ("optimizer", "blocks", "width", "contestant", *COMPARED),
    cases,
)
