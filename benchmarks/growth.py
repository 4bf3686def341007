"""All that one does with an optimizer, against the number of variables."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any

from .contestants import FACTOR
from .exponents import cells, with_exponents
from .memory import peak
from .part import Case, Options, Part, Row
from .setups import SETUPS, Setup

__all__ = ["COSTS", "PART"]

COUNTS = (10, 100, 1000, 3000, 10_000)
FEWER = (10, 30, 100, 300, 1000)
QUICK = (10, 20, 40)
# Vectors of 64 elements come joined. 20,000 are too many to be joined, and compiled one by one.
SUBJECTS = {
    "adam": (64, COUNTS),
    "adamw + global clip + EMA": (64, COUNTS),
}
APART = {"adam": (20_000, FEWER)}
COSTS = (
    "build, s",
    "first step, s",
    "step, ms",
    "report, ms",
    "explanation, ms",
    "config, ms",
    "save, s",
    "restore, s",
    "peak, MB",
)


class Stopwatch:
    """Seconds of what was done, in order."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        start = perf_counter()
        yield
        self.seconds.append(perf_counter() - start)


def measured(setup: str, size: int, count: int, rounds: int) -> list[Row]:
    """Return the row of so many variables of `size` elements."""
    import tensorflow as tf

    first, timed = [tf.Variable(1.0)], Stopwatch()
    stepping(built(SETUPS[setup], first), first)()  # what is imported or read once is no matter of size
    variables = [tf.Variable(tf.zeros([size]), name=f"layer_{number}/kernel") for number in range(count)]
    with timed():
        optimizer = built(SETUPS[setup], variables)
    step = stepping(optimizer, variables)
    with timed():
        step()
    times = [seconds(step) for _ in range(rounds + 1)][1:]
    timed.seconds.append(statistics.median(times))
    for look in (optimizer.state_report, optimizer.explain, optimizer.get_config):
        with timed():
            str(look())
    saved(optimizer, variables, timed)
    build, compiled, usual, report, explanation, config, save, restore = timed.seconds
    costs = (build, compiled, 1e3 * usual, 1e3 * report, 1e3 * explanation, 1e3 * config, save, restore)
    return [(setup, f"{size:,}", f"{count:,}", *cells([*costs, peak() / 1e6]))]


def built(setup: Setup, variables: list[Any]) -> Any:
    """Return an optimizer that has its state."""
    import optiplug

    optimizer = optiplug.create(setup.optimizer, **setup.hyperparameters)
    optimizer.build(variables)
    return optimizer


def stepping(optimizer: Any, variables: list[Any]) -> Callable[[], None]:
    """Return a step that computes its gradients from the variables, done when it returns."""
    import tensorflow as tf

    @tf.function(autograph=False)
    def step() -> None:
        optimizer.apply_gradients([(each * FACTOR, each) for each in variables])

    def run() -> None:
        step()
        tf.test.experimental.sync_devices()

    return run


def saved(optimizer: Any, variables: list[Any], timed: Stopwatch) -> None:
    """Save variables and state, and restore them."""
    from optiplug.checkpoint import Checkpoints

    # Keras keeps the variables of a model under such names, too.
    model = {f"layer_{number}.kernel": each for number, each in enumerate(variables)}
    with (
        tempfile.TemporaryDirectory() as folder,
        Checkpoints(folder, {"model": model, "optimizer": optimizer}) as checkpoints,
    ):
        with timed():
            checkpoints.save(1)
        with timed():
            checkpoints.restore()


def seconds(function: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = perf_counter()
    function()
    return perf_counter() - start


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each setup that is asked for, each size and each number of variables."""
    for subjects in (SUBJECTS, APART):
        for setup, (size, counts) in subjects.items():
            if setup in options.setups:
                for count in QUICK if options.quick else counts:
                    yield partial(measured, setup, size, count, options.rounds)


PART = Part(
    "What one does with an optimizer, against the number of its variables: building it, the first step, "
    "traced and compiled, a later step, each with gradients computed in it; `state_report`, `explain` and "
    "`get_config` with their texts; the first save of variables and state by `optiplug.checkpoint`, and the "
    "first restore; and the peak of the resident memory, TensorFlow included. Each row has a process of its "
    "own. An exponent is that of the power of the number of variables that fits the last three rows.",
    ("setup", "elements each", "variables", *COSTS),
    cases,
    arranged=partial(with_exponents, about=3),
)
