"""Ten models trained by Keras 3 `fit` and by a loop of one's own, with Keras' optimizer and with ours."""

from __future__ import annotations

import multiprocessing
import statistics
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product

from .contestants import OURS
from .fit_processes import Record, in_turns
from .part import Case, Options, Part, Row
from .setups import TRAINED

__all__ = ["MODES", "NAMES", "PART", "WAYS"]

NAMES = (
    "MLP 2x64",
    "MLP 20x128",
    "MLP 60x64",
    "small CNN",
    "small ResNet",
    "char transformer",
    "text classifier",
    "LSTM",
    "autoencoder",
    "matrix factorisation",
)
MODES = ("auto", "off", "on")
WAYS = ("fit", "loop")
QUICK = ("MLP 20x128", "small CNN", "text classifier")
QUICK_WAYS = ("fit",)
KERAS = "Keras 3"
MEBIBYTE = 2**20
COLUMNS = (
    *("model", "jit_compile", "setup", "way", "optiplug", KERAS, "ratio", "spread"),
    *("first epoch", "ratio", "peak", "ratio"),
)
RATIOS = (6, 9, 11)


def entered(*cell: object) -> object:
    """Enter a contestant, in a process that imports TensorFlow only here."""
    from .fit_loops import begun

    return begun(*cell)


def programs(cells: Iterable[tuple[str, str]]) -> list[dict[str, bool]]:
    """Return, for each model and way, which modes compile the whole step."""
    from .fit_loops import compiles

    return [compiles(*cell) for cell in cells]


def measured(name: str, modes: Sequence[str], setup: str, way: str, *, rounds: int) -> list[Row]:
    """Return the row of one model, the modes that are one program, one setup and one way."""
    entrants = {each: partial(entered, each, name, modes[0], TRAINED[setup], way) for each in (OURS, KERAS)}
    return [(name, ", ".join(modes), setup, way, *compared(in_turns(entrants, rounds)))]


def compared(records: Mapping[str, Record]) -> Row:
    """Return the figures of a row."""
    ours, theirs = records[OURS], records[KERAS]
    ratios = [one / other for one, other in zip(ours.steps, theirs.steps, strict=True)]
    low, ratio, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return (
        f"{1e3 * statistics.median(ours.steps):.2f} ms",
        f"{1e3 * statistics.median(theirs.steps):.2f} ms",
        f"{ratio:.2f}",
        f"{low:.2f} to {high:.2f}",
        f"{ours.first:.2f} s",
        f"{ours.first / theirs.first:.2f}",
        f"{ours.peak / MEBIBYTE:.0f} MiB",
        f"{ours.peak / theirs.peak:.2f}",
    )


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each model, program, setup and way; modes that are one program are one case."""
    names = options.models or (QUICK if options.quick else NAMES)
    cells = list(product(names, options.ways or (QUICK_WAYS if options.quick else WAYS)))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        found = pool.submit(programs, cells).result()
    for (name, way), compiled in zip(cells, found, strict=True):
        for setup, modes in product(options.trained, grouped(compiled, options.modes or MODES)):
            yield partial(measured, name, modes, setup, way, rounds=options.rounds)


def grouped(compiled: Mapping[str, bool], modes: Iterable[str]) -> list[list[str]]:
    """Return the modes, those that are one program together."""
    groups: dict[bool, list[str]] = {}
    for mode in modes:
        groups.setdefault(compiled[mode], []).append(mode)
    return list(groups.values())


def arranged(groups: Sequence[Sequence[Row]]) -> list[Sequence[Row]]:
    """Add the geometric means of the ratios: of each group of modes, and of all rows."""
    return [*groups, means([row for group in groups for row in group])]


def means(rows: Sequence[Row]) -> list[Row]:
    """Return the geometric means of the ratios: of each group of modes, and of all rows."""
    labels = list(dict.fromkeys(row[1] for row in rows))
    groups = {label: [row for row in rows if row[1] == label] for label in labels}
    if len(groups) > 1:
        groups["all"] = list(rows)
    return [_means(label, group) for label, group in groups.items()]


def _means(label: str, rows: Sequence[Row]) -> Row:
    means = {at: statistics.geometric_mean(float(row[at]) for row in rows) for at in RATIOS}
    cells = ("geometric mean", label, f"{len(rows)} rows", *[""] * (len(COLUMNS) - 3))
    return tuple(f"{means[at]:.2f}" if at in means else cell for at, cell in enumerate(cells))


PART = Part(
    "Training models of Keras 3 by its `fit`, and by a loop over batches around a tf.function: a step, data "
    "included, after the first two epochs. The ratio is ours to Keras' own optimizer, the median of the "
    "rounds, and its spread the middle half of them. The first epoch is ours, from the creation of the "
    "optimizer on, tracing and compiling included. The peak is ours, of the resident memory, above what was "
    "held before the optimizer was created. Each contestant has a process of its own, and they train in "
    "turns. `jit_compile` is what the user says of the model or of the function; what is in one row is one "
    "program.",
    COLUMNS,
    cases,
    rounds=9,
    quick_rounds=7,
    arranged=arranged,
)
