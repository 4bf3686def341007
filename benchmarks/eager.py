"""`apply_gradients` called eagerly, beside Keras 3 and tf_keras."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from .contestants import EAGER, entered, floors
from .part import COMPARED, Case, Options, Part, Row, compared
from .setups import ADAM
from .shapes import Shapes, nbytes
from .timing import race

__all__ = ["PART"]

LARGEST = 2**28


def measured(name: str, shapes: Shapes, rounds: int) -> list[Row]:
    """Return the rows of one list of shapes."""
    builders = EAGER | floors(shapes, eager=True)
    return compared((name,), race(entered(builders, shapes, ADAM, computed=False), rounds))


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each list of shapes whose steps are short enough for the call itself to show."""
    for name, shapes in options.shapes.items():
        if nbytes(shapes) < LARGEST:
            yield partial(measured, name, shapes, options.rounds)


PART = Part(
    "apply_gradients of adam, called eagerly with gradients that are tensors already.",
    ("variables", "contestant", *COMPARED),
    cases,
)
