"""Every optimizer of the registry against the bytes that its step must move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import optiplug

from .contestants import CONTESTANTS, OURS, entered
from .part import Case, Options, Part, Row
from .setups import MOMENTUM, Setup
from .shapes import Shapes, nbytes
from .timing import Timing, race

__all__ = ["PART"]

LARGEST_COUNT = 500  # with more variables, what each costs by itself hides the bytes
SMALLEST = 2**18  # with fewer bytes, what the call costs does


@dataclass(frozen=True)
class Passes:
    """How often a step passes over the bytes of the variables.

    `needed` are to read gradients, variables and state, and to write the latter two; `shared` come of XLA's
    making a loop for each of them that is written; `extra` are all others.
    """

    needed: float
    shared: float
    extra: float

    @property
    def made(self) -> float:
        """All of them."""
        return self.needed + self.shared + self.extra


def passes(setup: Setup, shapes: Shapes) -> Passes:
    """Return the passes of the compiled step of some variables."""
    import tensorflow as tf

    from optiplug.testing.streams import counted

    variables = [tf.Variable(tf.zeros(shape), name=f"variable_{i}") for i, shape in enumerate(shapes)]
    optimizer: Any = optiplug.create(setup.optimizer, **setup.hyperparameters)
    optimizer.build(variables)
    streams = counted(optimizer.compiled_program())
    kinds = (streams.needed, streams.shared, streams.extra)
    return Passes(*(sum(each.bytes for each in kind) / nbytes(shapes) for kind in kinds))


def measured(optimizer: str, name: str, shapes: Shapes, rounds: int) -> list[Row]:
    """Return the row of one optimizer, which steps in turns with sgd with momentum."""
    config = optiplug.registry.get("optimizers", optimizer)
    setups = {optimizer: Setup(optimizer, config.example), "the unit": MOMENTUM}
    ours = {OURS: CONTESTANTS[OURS]}
    contestants = {label: entered(ours, shapes, each, computed=False)[OURS] for label, each in setups.items()}
    timings = race(contestants, rounds)
    counts = {label: passes(each, shapes) for label, each in setups.items()}
    return [row(name, optimizer, config(**config.example), timings, counts)]


def row(
    name: str, optimizer: str, config: Any, timings: Mapping[str, Timing], counts: Mapping[str, Passes]
) -> Row:
    """Return what was counted and measured, as text."""
    count, unit = counts[optimizer], counts["the unit"]
    time, one = timings[optimizer].step, timings["the unit"].step
    needed, made = one * count.needed / unit.needed, one * count.made / unit.made
    numbers = (count.needed, count.shared, count.extra)
    milliseconds = (f"{1e3 * each:.1f} ms" for each in (needed, time))
    reasons = ", ".join([*config.passes, *config.exemptions.get("passes_are_explained", "").splitlines()])
    ratios = (f"{time / needed:.2f}", f"{time / made:.2f}")
    return (optimizer, name, *(f"{each:.1f}" for each in numbers), *milliseconds, *ratios, reasons)


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each optimizer that is wanted, on each list of shapes of few variables."""
    entries = optiplug.registry.entries("optimizers")
    usable = [each for each in entries if optiplug.registry.status(each) in {"indexed", "loaded"}]
    wanted = [each for each in usable if not options.optimizers or each.name in options.optimizers]
    for entry, (name, shapes) in product(wanted, options.shapes.items()):
        if len(shapes) < LARGEST_COUNT and nbytes(shapes) > SMALLEST:
            yield partial(measured, entry.name, name, shapes, options.rounds)


PART = Part(
    "Every optimizer installed, with its default hyperparameters. A step must read the gradients, and "
    "read and write the variables and the state of their shape: so many passes over the bytes of the "
    "variables are needed. XLA makes a loop for each of those that are written, which shares some of what "
    "it reads with another, and other passes have the reasons that the Config gives. All are counted in the "
    "optimized program. The time needed is what sgd with momentum, stepping in turns with it, takes for as "
    "many needed passes; the last ratio compares with the time for as many passes as are made.",
    (
        "optimizer",
        "variables",
        "needed",
        "shared",
        "other",
        "time needed",
        "median step",
        "taken / needed",
        "taken / made",
        "reasons",
    ),
    cases,
)
