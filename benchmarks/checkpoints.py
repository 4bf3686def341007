"""What saving costs: training ResNet-50 with adam, beside TensorFlow's manager and without saving."""

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
IMAGES, SIDE, CLASSES = 16, 64, 1000
NONE, ASYNCHRONOUS, MANAGER = "no saving", f"{OURS}, asynchronous", "tf.train.CheckpointManager"
KEPT = 2
MEGABYTE = 1e6


@dataclass
class Times:
    """Seconds of one contestant: each block of steps, each save as its caller feels it, each restore."""

    blocks: list[float] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)
    restores: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Saver:
    """How one contestant saves after so many steps, waits until that is on the disk, and restores it."""

    save: Callable[[int], object]
    wait: Callable[[], None]
    restore: Callable[[], object]
    folder: Path


def measured(rounds: int, steps: int) -> list[Row]:
    """Return the rows: blocks of steps in turns, each of which begins with a save, then restores in turns."""
    step, values = training()
    step()
    with tempfile.TemporaryDirectory() as folder, savers(Path(folder), values) as contestants:
        times = {label: Times() for label in (NONE, *contestants)}
        for turn in range(rounds + 1):  # the first one traces what saves
            for label, each in times.items():
                block(each, step, steps, contestants.get(label), turn + 1)
        for _ in range(rounds + 1):
            for label, saver in contestants.items():
                times[label].restores.append(seconds(saver.restore))
        size = {label: nbytes(saver.folder) for label, saver in contestants.items()}
    return list(rows(times, size))


def block(times: Times, step: Callable[[], None], steps: int, saver: Saver | None, number: int) -> None:
    """Save if there is a saver, take steps, and note how long it took."""
    started = time.perf_counter()
    if saver is not None:
        times.saves.append(seconds(partial(saver.save, number * steps)))
    for _ in range(steps):
        step()
    times.blocks.append(time.perf_counter() - started)
    if saver is not None:
        saver.wait()


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
        blocks = list(zip(each.blocks, times[NONE].blocks, strict=True))[1:]
        slower = statistics.median(one / other - 1 for one, other in blocks)
        taken = f"{statistics.median(one for one, _ in blocks):.2f} s"
        if label == NONE:
            yield label, taken, "", "", "", "", ""
            continue
        restored = statistics.median(each.restores[1:])
        yield (
            label,
            taken,
            f"{slower:+.1%}",
            f"{1e3 * statistics.median(each.saves[1:]):.0f} ms",
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
    yield partial(measured, options.rounds, 2 if options.quick else STEPS)


PART = Part(
    f"Training ResNet-50 with adam, forward and backward included, on {IMAGES} images of {SIDE} x {SIDE}, "
    f"with a save every {STEPS} steps: how long {STEPS} steps take with it; how much longer than without, "
    "the median over the rounds; how long the save holds the training up; and how long it takes to restore, "
    "which with optiplug verifies every byte before it assigns anything. The ratio is that to the manager's "
    "restore. The last column is the size of one checkpoint.",
    ("contestant", f"{STEPS} steps", "slower", "save", "restore", "ratio", "bytes"),
    cases,
)
