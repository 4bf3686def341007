"""Real training by `fit`: models of every kind, policies, strategies, ways to compile, and callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from optiplug_keras import wrap

from .strategies import mirrored

FLAVOURS = {"keras": keras, "tf_keras": tf_keras}
EPOCHS = 3
INPUTS = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
OUTPUTS = INPUTS @ np.float32([[1.0], [-2.0], [0.5], [1.0]])


def sequential(flavour: Any) -> Any:
    layers = flavour.layers
    return flavour.Sequential([layers.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(1)])


def functional(flavour: Any) -> Any:
    inputs = flavour.layers.Input((4,))
    hidden = flavour.layers.Dense(4, activation="tanh")(inputs)
    outputs = flavour.layers.Dense(1)(flavour.layers.Concatenate()([inputs, hidden]))
    return flavour.Model(inputs, outputs)


def subclassed(flavour: Any) -> Any:
    return SUBCLASSED[flavour]()


def custom_train_step(flavour: Any) -> Any:
    return CUSTOM[flavour]()


def gan(flavour: Any) -> Any:
    return GAN[flavour]()


KINDS = {each.__name__: each for each in (sequential, functional, subclassed, custom_train_step, gan)}


def _subclassed(flavour: Any) -> type:
    class Subclassed(flavour.Model):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = flavour.layers.Dense(8, activation="relu")
            self.head = flavour.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.head(self.hidden(inputs))

    return Subclassed


def _custom(flavour: Any) -> type:
    class Custom(SUBCLASSED[flavour]):
        def __init__(self) -> None:
            super().__init__()
            self.tracker = flavour.metrics.Mean(name="loss")

        @property
        def metrics(self) -> Any:
            return [self.tracker]

        def train_step(self, data: Any) -> Any:
            inputs, outputs = data
            with tf.GradientTape() as tape:
                loss = _squares(self(inputs, training=True), outputs)
                scaled = _scaled(self.optimizer, loss)
            _apply(self.optimizer, tape.gradient(scaled, self.trainable_variables), self.trainable_variables)
            self.tracker.update_state(loss)
            return {"loss": self.tracker.result()}

    return Custom


def _gan(flavour: Any) -> type:
    class Adversaries(flavour.Model):
        """A generator that maps inputs to outputs, and a critic of both; each has an optimizer."""

        def __init__(self) -> None:
            super().__init__()
            self.generator, self.critic = flavour.layers.Dense(1), flavour.layers.Dense(1)
            self.tracker = flavour.metrics.Mean(name="loss")

        @property
        def metrics(self) -> Any:
            return [self.tracker]

        def compile(self, optimizer: Any, generator_optimizer: Any, **keywords: Any) -> None:
            super().compile(optimizer=optimizer, **keywords)
            if self.dtype_policy.name == "mixed_float16":
                generator_optimizer = flavour.mixed_precision.LossScaleOptimizer(generator_optimizer)
            self.generator_optimizer = generator_optimizer
            # Keras would build the first for all variables, and its own second one too late.
            self.optimizer.build(self.critic.trainable_variables)
            self.generator_optimizer.build(self.generator.trainable_variables)

        def call(self, inputs: Any) -> Any:
            made = self.generator(inputs)
            self.critic(tf.concat([tf.cast(inputs, made.dtype), made], 1))
            return made

        def train_step(self, data: Any) -> Any:
            inputs, outputs = data
            with tf.GradientTape(persistent=True) as tape:
                loss, fooled = _adversarial_losses(self, inputs, outputs)
                scaled = _scaled(self.optimizer, loss), _scaled(self.generator_optimizer, fooled)
            for optimizer, value, layer in zip(
                (self.optimizer, self.generator_optimizer), scaled, (self.critic, self.generator), strict=True
            ):
                variables = layer.trainable_variables
                _apply(optimizer, tape.gradient(value, variables), variables)
            self.tracker.update_state(loss + fooled)
            return {"loss": self.tracker.result()}

    return Adversaries


def _adversarial_losses(model: Any, inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """Return the loss of the critic, and that of the generator."""
    made = model.generator(inputs)
    told, real = (
        model.critic(tf.concat([tf.cast(inputs, made.dtype), tf.cast(each, made.dtype)], 1))
        for each in (made, outputs)
    )
    loss = _squares(real, tf.ones_like(outputs)) + _squares(told, tf.zeros_like(outputs))
    return loss, _squares(told, tf.ones_like(outputs)) + _squares(made, outputs)


def _squares(predictions: Any, outputs: Any) -> Any:
    return tf.reduce_mean(tf.square(tf.cast(predictions, tf.float32) - tf.cast(outputs, tf.float32)))


def _scaled(optimizer: Any, loss: Any) -> Any:
    scale = getattr(optimizer, "get_scaled_loss", None) or getattr(optimizer, "scale_loss", lambda each: each)
    return scale(loss)


def _apply(optimizer: Any, gradients: Any, variables: Any) -> None:
    unscale = getattr(optimizer, "get_unscaled_gradients", lambda each: each)
    optimizer.apply_gradients(list(zip(unscale(gradients), variables, strict=True)))


SUBCLASSED = {flavour: _subclassed(flavour) for flavour in FLAVOURS.values()}
CUSTOM = {flavour: _custom(flavour) for flavour in FLAVOURS.values()}
GAN = {flavour: _gan(flavour) for flavour in FLAVOURS.values()}

# Keras' name of each optimizer, ours, and what both are given.
OPTIMIZERS = {
    "sgd": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {"learning_rate": 0.01}),
}
# A policy rounds what a layer gives, and "bfloat16" the weights, too, in each operation of Keras'.
TOLERANCES = {"float32": 1e-5, "mixed_float16": 2e-3, "mixed_bfloat16": 2e-2, "bfloat16": 5e-2}
COMPILED = {"auto": {}, "not_compiled": {"jit_compile": False}, "compiled": {"jit_compile": True}}


@contextmanager
def policy(flavour: Any, name: str) -> Iterator[None]:
    """Let layers that are made have this policy."""
    choose = keras.config.set_dtype_policy if flavour is keras else tf_keras.mixed_precision.set_global_policy
    choose(name)
    try:
        yield
    finally:
        choose("float32")


@dataclass(frozen=True)
class Cell:
    """One way to train."""

    flavour: str
    kind: str
    policy: str
    replicas: int
    compiled: str
    callback: str
    optimizer: str

    def __str__(self) -> str:
        return "-".join(map(str, vars(self).values()))

    @property
    def applies(self) -> bool:
        """Whether there is such a thing.

        TensorFlow compiles no step over several devices as a whole; tf_keras saves no weights in bfloat16.
        """
        saved = self.callback != "model_checkpoint" or self.policy != "bfloat16" or self.flavour == "keras"
        return saved and (self.replicas == 1 or self.compiled != "compiled")

    @property
    def policy_of_keras(self) -> str:
        """The policy under which Keras' own optimizer trains as ours does under that of the cell.

        In bfloat16 its Adam stands still: ``1 - beta_2`` is 0 there. Ours computes a step in float32.
        """
        return "mixed_bfloat16" if (self.policy, self.optimizer) == ("bfloat16", "adam") else self.policy

    def losses(self, folder: Path, *, ours: bool) -> list[float]:
        """Return the losses of training, with our optimizer or with that of Keras."""
        flavour = FLAVOURS[self.flavour]
        name, given = OPTIMIZERS[self.optimizer]

        def optimizer() -> Any:
            if ours:
                return wrap(self.optimizer, **given, keras=flavour)
            return getattr(flavour.optimizers, name)(**given)

        def model() -> Any:
            flavour.utils.set_random_seed(1)
            with mirrored(2).scope() if self.replicas == 2 else nullcontext():
                made = KINDS[self.kind](flavour)
                made(INPUTS[:1])  # Keras backs up and saves what is built
                # Of few bits, so that they are the same under each policy.
                numbers = np.random.default_rng(1)
                made.set_weights(
                    [np.round(4 * numbers.normal(size=each.shape)) / 16 for each in made.weights]
                )
                others = {"generator_optimizer": optimizer()} if self.kind == "gan" else {}
                made.compile(optimizer=optimizer(), loss="mse", **others, **COMPILED[self.compiled])
            return made

        with policy(flavour, self.policy if ours else self.policy_of_keras):
            return CALLBACKS[self.callback](flavour, model, folder)


def fit(model: Any, *callbacks: Any, epochs: int = EPOCHS) -> list[float]:
    """Return the loss of each epoch."""
    given = {"batch_size": 8, "epochs": epochs, "shuffle": False, "verbose": 0}
    return list(model.fit(INPUTS, OUTPUTS, callbacks=list(callbacks), **given).history["loss"])


Made = Callable[[], Any]


def model_checkpoint(flavour: Any, made: Made, folder: Path) -> list[float]:
    file = str(folder / "best.weights.h5")
    keep = {"save_weights_only": True, "save_best_only": True, "monitor": "loss"}
    losses = fit(made(), flavour.callbacks.ModelCheckpoint(file, **keep))
    again = made()
    if not hasattr(again, "critic"):  # state is loaded into what is built
        with again.distribute_strategy.scope():
            again.optimizer.build(again.trainable_variables)
    again.load_weights(file)
    return [*losses, *fit(again, epochs=1)]


def backup_and_restore(flavour: Any, made: Made, folder: Path) -> list[float]:
    class Crash(flavour.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == EPOCHS - 1:
                raise KeyboardInterrupt

    try:
        fit(made(), flavour.callbacks.BackupAndRestore(str(folder)), Crash())
    except KeyboardInterrupt:
        return fit(made(), flavour.callbacks.BackupAndRestore(str(folder)))
    raise AssertionError("it was not interrupted")


def tensorboard(flavour: Any, made: Made, folder: Path) -> list[float]:
    losses = fit(made(), flavour.callbacks.TensorBoard(str(folder), histogram_freq=1))
    assert list(folder.rglob("events.out.tfevents.*"))
    return losses


def early_stopping(flavour: Any, made: Made, folder: Path) -> list[float]:
    stop = {"monitor": "loss", "min_delta": 100.0, "patience": 1, "restore_best_weights": True}
    model = made()
    losses = fit(model, flavour.callbacks.EarlyStopping(**stop))
    assert len(losses) == 2
    return [*losses, *fit(model, epochs=1)]


def rates(flavour: Any, made: Made, folder: Path) -> list[float]:
    halve = flavour.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 * rate if epoch else rate)
    reduce = flavour.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=100.0)
    model = made()
    losses = fit(model, halve, reduce)
    return [*losses, float(np.asarray(model.optimizer.learning_rate))]


CALLBACKS = {
    each.__name__: each for each in (model_checkpoint, backup_and_restore, tensorboard, early_stopping, rates)
}

CELLS = [
    cell
    for flavour in FLAVOURS
    for kind in KINDS
    for name in TOLERANCES
    for replicas in (1, 2)
    for compiled in COMPILED
    for callback in CALLBACKS
    for optimizer in OPTIMIZERS
    if (cell := Cell(flavour, kind, name, replicas, compiled, callback, optimizer)).applies
]
