"""Steps of a table by the rows that have a gradient, against the size of the table and their number."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable
from functools import partial
from time import perf_counter

from .exponents import cells, with_exponents
from .memory import peak
from .part import Case, Options, Part, Row

__all__ = ["COSTS", "PART"]

WIDTH = 64
BATCH = 1000
TABLES = (20_000, 200_000, 2_000_000, 20_000_000)
SMALLER = TABLES[:3]  # whole tables of zeros take long
BATCHES = (100, 1000, 10_000, 100_000)
QUICK = (20_000, 40_000, 80_000)
# How many tables there are in memory: the variable, and its state.
TABLES_OF = {"sgd": 1, "adagrad": 2, "adam": 3}
COSTS = ("build, s", "first step, s", "step, ms", "peak, GB")
ROOM = 0.8  # of the memory, for tables


def measured(name: str, sparse: str, rows: int, batch: int, rounds: int) -> tuple[float, ...]:
    """Return the costs: gradients of a loss of random rows of a table, and the step that they make."""
    import numpy as np
    import tensorflow as tf

    import optiplug

    table = tf.Variable(tf.zeros([rows, WIDTH]), name="table")
    generator = np.random.default_rng(0)
    batches = [tf.constant(generator.integers(0, rows, batch)) for _ in range(rounds + 2)]
    start = perf_counter()
    optimizer = optiplug.create(name, sparse=sparse)
    optimizer.build([table])
    built = perf_counter() - start

    @tf.function(autograph=False)
    def step(chosen: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((tf.nn.embedding_lookup(table, chosen) - 1.0) ** 2)
        optimizer.minimize(loss, [table], tape)

    times = []
    for chosen in batches:
        start = perf_counter()
        step(chosen)
        tf.test.experimental.sync_devices()
        times.append(perf_counter() - start)
    return built, times[0], 1e3 * statistics.median(times[2:]), peak() / 1e9


def by_table(name: str, sparse: str, rows: int, rounds: int) -> list[Row]:
    """Return the row of a table of so many rows."""
    costs = measured(name, sparse, rows, BATCH, rounds)
    return [(f"{name}, {sparse}", "table", f"{rows:,}", *cells(costs))]


def by_batch(name: str, rows: int, batch: int, rounds: int) -> list[Row]:
    """Return the row of so many rows with a gradient."""
    costs = measured(name, "lazy", rows, batch, rounds)
    return [(f"{name}, lazy", "batch", f"{batch:,}", *cells(costs))]


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each optimizer and each size of the table, then for each number of rows."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name, tables in TABLES_OF.items():
        for rows in QUICK if options.quick else TABLES:
            if 4 * WIDTH * rows * tables < ROOM * memory:
                yield partial(by_table, name, "lazy", rows, options.rounds)
    for rows in QUICK if options.quick else SMALLER:
        yield partial(by_table, "adam", "exact", rows, options.rounds)
    for batch in (100, 200, 400) if options.quick else BATCHES:
        yield partial(by_batch, "adam", QUICK[-1] if options.quick else SMALLER[-1], batch, options.rounds)


PART = Part(
    f"Steps on one table of {WIDTH} columns, of which a batch looks up rows at random: gradients are sparse, "
    "and `sparse` is lazy, which updates the rows that have one, or exact, which updates all. Where the rows "
    f"of the table are varied, those of the batch are {BATCH:,}; where those of the batch are, the table has "
    f"{SMALLER[-1]:,}. Tables that do not fit into the memory are left out. Each row here has a process of "
    "its own. An exponent is that of the power of the varied number that fits the last three rows.",
    ("optimizer", "varied", "rows", *COSTS),
    cases,
    arranged=partial(with_exponents, about=3),
)
