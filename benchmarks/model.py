"""A whole train step of a real model, forward and backward included, with Keras' Adam and with ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import product
from typing import Any

from .contestants import OURS, keras_api, optiplug_api
from .part import COMPARED, Case, Options, Part, Row, compared
from .setups import ADAM
from .timing import Contestant, race, started

__all__ = ["PART"]

NAMES = ("small ResNet", "small transformer")
MODES = {"tf.function": False, "jit_compile=True": True}
OPTIMIZERS = {OURS: optiplug_api, "Keras 3": keras_api}


def trained(name: str, api: Any, compiled: bool) -> Contestant:
    """Return what trains one model, the same for every optimizer, on one batch."""
    import keras
    import tensorflow as tf

    from .models import MODELS

    keras.utils.set_random_seed(0)
    task = MODELS[name]()
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    inputs, targets = tf.constant(task.inputs), tf.constant(task.targets)
    variables = task.model.trainable_variables

    def make() -> Callable[[], None]:
        _, create = api()
        optimizer = create(ADAM)
        optimizer.build(variables)

        @tf.function(jit_compile=compiled)
        def step(inputs: Any, targets: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = loss_of(targets, task.model(inputs, training=True))
            gradients = tape.gradient(loss, [variable.value for variable in variables])
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return loss

        def run() -> None:
            step(inputs, targets).numpy()

        return run

    return started(make)


def measured(name: str, mode: str, rounds: int) -> list[Row]:
    """Return the rows of one model, compiled or not by its user."""
    contestants = {label: trained(name, api, MODES[mode]) for label, api in OPTIMIZERS.items()}
    return compared((name, mode), race(contestants, rounds))


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each model and mode."""
    for name, mode in product(NAMES[-1:] if options.quick else NAMES, MODES):
        yield partial(measured, name, mode, options.rounds)


PART = Part(
    "Train steps of models of Keras 3 with adam: forward, backward and update in one function. In a "
    "plain tf.function ours still compiles its own part; with jit_compile=True all is one program.",
    ("model", "function", "contestant", *COMPARED),
    cases,
)
