"""What saving costs: training ResNet-50 with adam, beside TensorFlow's manager."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from .contestants import OURS
from .part import Case, Options, Part, Row
from .setups import ADAM

__all__ = ["PART"]

STEPS = 50
# Of them are timed: those while an asynchronous save is written, and as many that tell the usual pace.
BESIDE, USUAL = 6, 6
IMAGES, SIDE, CLASSES = 16, 64, 1000
ASYNCHRONOUS, MANAGER = f"{OURS}, asynchronous", "tf.train.CheckpointManager"
KEPT = 2
MEGABYTE = 1e6


@dataclass
class Times:
    """Seconds of one contestant: a usual step, what each save cost in all and held up, each restore."""

    paces: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)
    restores: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Saver:
    """How one contestant saves after so many steps, waits until that is on the disk, and restores it."""

    save: Callable[[int], object]
    wait: Callable[[], None]
    restore: Callable[[], object]
    folder: Path


def measured(rounds: int) -> list[Row]:
    """Return the rows: saves in turns, each with the steps after it, then restores in turns."""
    step, values = training()
    step()
    with tempfile.TemporaryDirectory() as folder, savers(Path(folder), values) as contestants:
        times = {label: Times() for label in contestants}
        for turn in range(rounds + 1):  # the first one traces what saves
            for label, saver in contestants.items():
                watch(times[label], step, saver, turn + 1)
        for _ in range(rounds + 1):
            for label, saver in contestants.items():
                times[label].restores.append(seconds(saver.restore))
        size = {label: nbytes(saver.folder) for label, saver in contestants.items()}
    return list(rows(times, size))


def watch(times: Times, step: Callable[[], None], saver: Saver, number: int) -> None:
    """Save, and take steps until all is as before.

    A save costs what it holds up and what the steps beside it take longer than those after it. Blocks of 50
    steps with and without saves would say the same, and differ by more from one to the next.
    """
    saved = seconds(partial(saver.save, number * STEPS))
    beside = sum(seconds(step) for _ in range(BESIDE)) + seconds(saver.wait)
    pace = statistics.median(seconds(step) for _ in range(USUAL))
    times.saves.append(saved)
    times.costs.append(saved + beside - BESIDE * pace)
    times.paces.append(pace)


def training() -> tuple[Callable[[], None], Mapping[str, Any]]:
    """Return a step of ResNet-50, forward and backward included, and what is to be saved of it."""
    import keras
    import numpy as np
    import tensorflow as tf

    import optiplug

    keras.utils.set_random_seed(0)
    model = keras.applications.ResNet50(
        weights=None, input_shape=(SIDE, SIDE, 3), classes=CLASSES, classifier_activation=None
    )
    generator = np.random.default_rng(0)
    images = tf.constant(generator.standard_normal((IMAGES, SIDE, SIDE, 3), np.float32))
    targets = tf.constant(generator.integers(0, CLASSES, IMAGES))
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    variables = model.trainable_variables
    optimizer = optiplug.create(ADAM.optimizer, **ADAM.hyperparameters)
    optimizer.build(variables)

    @tf.function
    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(targets, model(images, training=True))
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    # Keras tracks its model with all that `compile` and its layers hold; these are the numbers.
    held = {variable.path.replace("/", "."): variable.value for variable in model.variables}
    return lambda: step().numpy(), {"model": held, "optimizer": optimizer}


@contextmanager
def savers(folder: Path, values: Mapping[str, Any]) -> Iterator[dict[str, Saver]]:
    """Yield each contestant, with a folder of its own."""
    import tensorflow as tf

    from optiplug.checkpoint import Checkpoints

    checkpoint = tf.train.Checkpoint(**values)
    manager = tf.train.CheckpointManager(checkpoint, str(folder / "manager"), KEPT)
    with (
        Checkpoints(folder / "ours", values, keep=KEPT) as ours,
        Checkpoints(folder / "beside", values, keep=KEPT, asynchronous=True) as beside,
    ):
        yield {
            ASYNCHRONOUS: Saver(beside.save, beside.wait, beside.restore, folder / "beside"),
            OURS: Saver(ours.save, ours.wait, ours.restore, folder / "ours"),
            MANAGER: Saver(
                manager.save,
                lambda: None,
                lambda: checkpoint.restore(manager.latest_checkpoint).assert_consumed(),
                folder / "manager",
            ),
        }


def rows(times: Mapping[str, Times], size: Mapping[str, int]) -> Iterator[Row]:
    """Yield the row of each contestant."""
    theirs = statistics.median(times[MANAGER].restores[1:])
    for label, each in times.items():
        slower = [cost / (STEPS * pace) for cost, pace in zip(each.costs, each.paces, strict=True)]
        restored = statistics.median(each.restores[1:])
        yield (
            label,
            f"{1e3 * statistics.median(each.paces[1:]):.0f} ms",
            f"{1e3 * statistics.median(each.saves[1:]):.0f} ms",
            f"{1e3 * statistics.median(each.costs[1:]):.0f} ms",
            f"{statistics.median(slower[1:]):+.1%}",
            f"{1e3 * restored:.0f} ms",
            f"{restored / theirs:.2f}",
            f"{size[label] / MEGABYTE:.1f} MB",
        )


def seconds(function: Callable[[], object]) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def nbytes(folder: Path) -> int:
    """Return the bytes of one of the checkpoints that are kept in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // KEPT


def cases(options: Options) -> Iterable[Case]:
    """Return the one case: its contestants need one model."""
    yield partial(measured, 1 if options.quick else options.rounds)


PART = Part(
    f"Training ResNet-50 with adam, forward and backward included, on {IMAGES} images of {SIDE} x {SIDE}, "
    f"with a save every {STEPS} steps: how long a step takes, how long the save holds the training up, what "
    "it costs together with what the steps take longer that it is written beside, and how much that is of "
    f"{STEPS} steps; and how long it takes to restore, which with optiplug verifies every byte before it "
    "assigns anything. The ratio is that to the manager's restore. All are medians over the rounds. The last "
    "column is the size of one checkpoint.",
    ("contestant", "step", "save", "in all", "slower", "restore", "ratio", "bytes"),
    cases,
)
