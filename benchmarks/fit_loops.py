"""The two ways to train a model of Keras 3: its `fit`, and a loop around a `tf.function`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import keras
import tensorflow as tf

import optiplug
import optiplug_keras

from .contestants import OURS, keras_optimizer
from .fit_models import MODELS, Training, batches
from .setups import Setup

__all__ = ["JIT", "LOOPS", "Epochs", "begun", "compiles", "optimizer_of"]

Epochs: TypeAlias = Callable[[int], float]
"""Trains so many epochs, and returns the seconds that they took."""

JIT = {"auto": "auto", "off": False, "on": True}
"""What is given to `compile` as `jit_compile`, by the name of the mode."""


class Loop(Protocol):
    """What makes an optimizer train a model."""

    def __call__(self, training: Training, optimizer: Any, mode: str) -> Epochs: ...


class Clock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Measures from the beginning of the first epoch of a `fit` to the end of its last.

    What `fit` sets up before, such as its data set, it sets up once and not in each turn.
    """

    def on_train_begin(self, logs: Any = None) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds = time.perf_counter() - self.start


def by_fit(training: Training, optimizer: Any, mode: str) -> Epochs:
    """Train by `fit`."""
    training.model.compile(optimizer=optimizer, loss=training.loss, jit_compile=JIT[mode])
    clock = Clock()

    def epochs(count: int) -> float:
        training.model.fit(
            training.inputs,
            training.targets,
            batch_size=training.batch,
            epochs=count,
            verbose=0,
            callbacks=[clock],
        )
        return clock.seconds

    return epochs


def by_loop(training: Training, optimizer: Any, mode: str) -> Epochs:
    """Train by a loop over the batches, around a function that takes one step."""
    model, variables, data = training.model, training.model.trainable_variables, batches(training)
    optimizer.build(variables)

    @tf.function(jit_compile=None if mode == "auto" else JIT[mode], reduce_retracing=True)
    def step(inputs: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = training.loss(targets, model(inputs, training=True))
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    def epochs(count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            for inputs, targets in data:
                loss = step(inputs, targets)
        loss.numpy()  # wait for the device
        return time.perf_counter() - start

    return epochs


LOOPS: dict[str, Loop] = {"fit": by_fit, "loop": by_loop}


def optimizer_of(label: str, setup: Setup, way: str) -> Any:
    """Return the optimizer of a contestant, as its user would make it."""
    if label != OURS:
        return keras_optimizer(keras.optimizers, setup)
    if way == "fit":
        return optiplug_keras.wrap(setup.optimizer, keras=keras, **setup.hyperparameters)
    return optiplug.create(setup.optimizer, **setup.hyperparameters)


def begun(label: str, name: str, mode: str, setup: Setup, way: str) -> tuple[int, Callable[[], Epochs]]:
    """Build a model; return how many steps an epoch of it has, and what begins to train it."""
    keras.utils.set_random_seed(0)
    training = MODELS[name]()
    return training.steps, lambda: LOOPS[way](training, optimizer_of(label, setup, way), mode)


def compiles(name: str, way: str) -> dict[str, bool]:
    """Return whether XLA compiles the whole step of a model, for each mode."""
    if way == "loop":  # what `tf.function` does by itself, unless a flag of TensorFlow's clusters
        return {"auto": False, "off": False, "on": True}
    model = MODELS[name]().model
    return {mode: _compiles(model, jit) for mode, jit in JIT.items()}


def _compiles(model: Any, jit: Any) -> bool:
    model.compile(loss="mse", jit_compile=jit)
    return bool(model.jit_compile)
