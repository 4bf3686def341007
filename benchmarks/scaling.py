"""The step against the number of variables and against their size, beside optax."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from .contestants import CONTESTANTS, OURS, entered
from .part import COMPARED, Case, Options, Part, Row, compared
from .setups import ADAM
from .shapes import repeated
from .timing import race

__all__ = ["PART"]

COUNTS = [(count, 64) for count in (10, 100, 1000, 3000)]
SIZES = [(32, size) for size in (64, 1024, 16_384, 262_144)]
QUICK = [(10, 64), (100, 64), (8, 16_384)]


def measured(count: int, size: int, rounds: int) -> list[Row]:
    """Return the rows of `count` variables of `size` elements."""
    builders = {label: CONTESTANTS[label] for label in (OURS, "optax")}
    contestants = entered(builders, repeated(count, size), ADAM, computed=True)
    return compared((f"{count:,}", f"{size:,}"), race(contestants, rounds))


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each number of variables, then for each size."""
    for count, size in QUICK if options.quick else COUNTS + SIZES:
        yield partial(measured, count, size, options.rounds)


PART = Part(
    "Steps of adam, with gradients computed in the step, against the number of variables and the "
    "number of elements of each.",
    ("variables", "elements each", "contestant", *COMPARED),
    cases,
)
