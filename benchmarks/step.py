"""One step inside a compiled function, beside Keras 3, tf_keras, optax and torch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import product

from . import torch_process
from .contestants import CONTESTANTS, GRADIENTS, TORCH, able, entered, floors
from .part import COMPARED, Case, Options, Part, Row, compared
from .setups import SETUPS
from .shapes import Shapes
from .timing import race

__all__ = ["PART"]


def measured(name: str, shapes: Shapes, setup: str, gradients: str, rounds: int) -> list[Row]:
    """Return the rows of one setup on one list of shapes."""
    builders = able(CONTESTANTS | TORCH, SETUPS[setup]) | floors(shapes, eager=False)
    contestants = entered(builders, shapes, SETUPS[setup], GRADIENTS[gradients])
    return compared((setup, name, gradients), race(contestants, rounds))


def cases(options: Options) -> Iterable[Case]:
    """Return every combination of what was asked for."""
    for setup, (name, shapes), gradients in product(
        options.setups, options.shapes.items(), options.gradients
    ):
        if SETUPS[setup].divides(shapes):
            yield partial(measured, name, shapes, setup, gradients, options.rounds)


PART = Part(
    "Steps inside a tf.function, or under jax.jit with donated state. The gradients are computed in the "
    "function from the variables, or exist before it. optiplug compiles itself; Keras does not on a CPU "
    "unless its user's function is compiled, which is the contestant named XLA. It is left out where "
    "vectors have another optimizer, as it has one for all. Where variables are small, the least that a "
    f"call of TensorFlow costs stands beside them. {torch_process.told()}",
    ("setup", "variables", "gradients", "contestant", *COMPARED),
    cases,
)
