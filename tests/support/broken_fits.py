"""A `fit` that breaks off and goes on, beside one that does not."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras

import optiplug_keras

FLAVOURS = {"keras": keras, "tf_keras": tf_keras}
SAMPLES, BATCH = 22, 4
BATCHES = 6
PAUSE = 0.05  # seconds after each batch, in which a process may be killed


class BrokenOffError(Exception):
    """What a `fit` is broken off with."""


def inputs() -> tuple[Any, Any]:
    """Return inputs and targets."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=(SAMPLES, 3)).astype("float32")
    return values, values @ np.float32([[1.0], [-2.0], [0.5]])


def _shuffled(seed: int | None = 3) -> Any:
    # An iterator that is let go waits for the thread that tunes it, which may sleep for a minute.
    untuned = tf.data.Options()
    untuned.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices(inputs()).shuffle(SAMPLES, seed=seed).with_options(untuned)


def _noisy(x: Any, y: Any) -> Any:
    return x + tf.random.normal(x.shape, seed=5), y


DATA = {
    "arrays": lambda: {"x": inputs()[0], "y": inputs()[1], "batch_size": BATCH, "shuffle": True},
    "in order": lambda: {"x": inputs()[0], "y": inputs()[1], "batch_size": BATCH, "shuffle": False},
    "dataset": lambda: {"x": _shuffled().batch(BATCH).prefetch(2)},
    "unseeded": lambda: {"x": _shuffled(None).batch(BATCH)},
    "unknown": lambda: {"x": _shuffled().filter(lambda x, _: x[0] < 9).batch(BATCH)},
    "repeated": lambda: {"x": _shuffled().repeat().batch(BATCH), "steps_per_epoch": BATCHES},
    "counted": lambda: {"x": _shuffled().map(_noisy).batch(BATCH)},
}
"""Arguments of `fit` by what they show."""


class BreakOff(keras.callbacks.Callback):
    """Raises after so many batches."""

    _supports_tf_logs, _chief_worker_only = True, False

    def _implements_train_batch_hooks(self) -> bool:
        return True

    def _implements_test_batch_hooks(self) -> bool:
        return False

    _implements_predict_batch_hooks = _implements_test_batch_hooks

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.batches = batches

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if int(self.model.optimizer.iterations.numpy()) == self.batches:
            raise BrokenOffError


def model(flavour: Any, optimizer: Any = None, **keywords: Any) -> Any:
    """Return a model with dropout and statistics; each call starts alike."""
    flavour.utils.set_random_seed(1)
    if flavour is tf_keras:
        flavour.backend.experimental.enable_tf_random_generator()
    layers = flavour.layers
    built = flavour.Sequential(
        [
            layers.Input((3,)),
            layers.Dense(4),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Dense(1),
        ]
    )
    optimizer = optimizer or {"use": "adam", "learning_rate": 0.05, "clipnorm": 1.0, "jit_compile": False}
    keywords = {"jit_compile": False, "metrics": ["mae"], **keywords}
    built.compile(optimizer=optimizer, loss="mse", **keywords)
    return built


def outcome(built: Any, history: Any) -> dict[str, Any]:
    """Return all that two equal runs have in common, arrays as their checksums."""
    variables = [*built.variables, *built.optimizer.variables]
    return {
        "history": {name: list(map(float, values)) for name, values in history.history.items()},
        "epochs": list(history.epoch),
        "variables": [hashlib.sha256(np.asarray(each.numpy()).tobytes()).hexdigest() for each in variables],
    }


class _Slow(BreakOff):
    """Tells who waits how many batches have been trained."""

    def __init__(self) -> None:
        super().__init__(0)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        print(int(self.model.optimizer.iterations.numpy()), flush=True)  # noqa: T201
        time.sleep(PAUSE)


def main(flavour: str, data: str, folder: str, result: str) -> None:
    """Run a whole `fit` in a process that may be killed: flavour, data, folder, file of the outcome."""
    built = model(FLAVOURS[flavour], jit_compile="auto")
    saving = [optiplug_keras.Checkpoint(folder, every=2)] if folder != "-" else []
    history = built.fit(**DATA[data](), epochs=3, verbose=0, callbacks=[_Slow(), *saving])
    Path(result).write_text(json.dumps(outcome(built, history)))


if __name__ == "__main__":
    main(*sys.argv[1:])
