"""Every optimizer of the registry against the bytes that its step must move."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import product
from typing import Any

import optiplug

from .contestants import CONTESTANTS, OURS, entered
from .part import Case, Options, Part, Row
from .setups import MOMENTUM, Setup
from .shapes import Shapes, nbytes
from .timing import race

__all__ = ["PART"]

LARGEST_COUNT = 500  # with more variables, what each costs by itself hides the bytes


def moved(setup: Setup, shapes: Shapes) -> int:
    """Return the bytes of a step: gradients are read; variables and state of their shape, written too."""
    import tensorflow as tf

    variables = [tf.Variable(tf.zeros(shape), name=f"variable_{i}") for i, shape in enumerate(shapes)]
    shape_of = {f"variable_{i}": shape for i, shape in enumerate(shapes)}
    optimizer: Any = optiplug.create(setup.optimizer, **setup.hyperparameters)
    rows = optimizer.state_report(variables).rows
    state = sum(row.bytes for row in rows if row.slot and row.shape == shape_of[row.variable])
    return 3 * nbytes(shapes) + 2 * state


def measured(optimizer: str, name: str, shapes: Shapes, rounds: int) -> list[Row]:
    """Return the row of one optimizer, which steps in turns with sgd with momentum."""
    example = optiplug.registry.get("optimizers", optimizer).example
    setups = {optimizer: Setup(optimizer, example), "the unit": MOMENTUM}
    ours = [(OURS, CONTESTANTS[OURS])]
    contestants = {label: entered(ours, shapes, each, computed=False)[OURS] for label, each in setups.items()}
    timings = race(contestants, rounds)
    time, unit = timings[optimizer].step, timings["the unit"].step
    size, unit_size = moved(setups[optimizer], shapes), moved(MOMENTUM, shapes)
    needed = unit * size / unit_size
    passes = f"{size / nbytes(shapes):.0f}"
    return [
        (optimizer, name, passes, f"{1e3 * needed:.1f} ms", f"{1e3 * time:.1f} ms", f"{time / needed:.2f}")
    ]


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each optimizer that can be used, on each list of shapes of few variables."""
    entries = optiplug.registry.entries("optimizers")
    usable = [each for each in entries if optiplug.registry.status(each) in {"indexed", "loaded"}]
    for entry, (name, shapes) in product(usable, options.shapes.items()):
        if len(shapes) < LARGEST_COUNT:
            yield partial(measured, entry.name, name, shapes, options.rounds)


PART = Part(
    "Every optimizer installed, with its default hyperparameters. A step must read the gradients, and "
    "read and write the variables and the state of their shape: so many passes over the bytes of the "
    "variables. The time needed is what sgd with momentum, stepping in turns with it, takes for as many "
    "bytes.",
    ("optimizer", "variables", "passes", "time needed", "median step", "taken / needed"),
    cases,
)
