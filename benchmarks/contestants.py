"""The contestants: each holds its own variables and takes steps in its own library's way.

Gradients are either given, as tensors that exist before the step, or computed inside it from the
variables. A function of TensorFlow's captures those that are given: it would spend 2 ms on taking
160 of them as arguments, which no training step does. Libraries are imported when a contestant of
theirs is built.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from .setups import Setup
from .shapes import Shapes
from .timing import Contestant, started

__all__ = ["CONTESTANTS", "EAGER", "GRADIENTS", "OURS", "Builder", "entered", "keras_optimizer"]

Builder: TypeAlias = Callable[[Shapes, Setup, bool], Contestant]
Values: TypeAlias = list[np.ndarray[Any, np.dtype[np.float32]]]

OURS = "optiplug"
GRADIENTS = {"computed": True, "given": False}
FACTOR = 0.1


def numbers(shapes: Shapes) -> Values:
    """Return what variables and gradients start from, the same each time."""
    generator = np.random.default_rng(0)
    return [generator.standard_normal(shape, np.float32) for shape in shapes]


def optiplug_api() -> tuple[Any, Callable[[Setup], Any]]:
    """Return the class of variables, and what creates the optimizer of a setup."""
    import tensorflow as tf

    import optiplug

    return tf.Variable, lambda setup: optiplug.create(setup.optimizer, **setup.hyperparameters)


def keras_api() -> tuple[Any, Callable[[Setup], Any]]:
    """Return the same of Keras 3."""
    import keras

    return keras.Variable, partial(keras_optimizer, keras.optimizers)


def tf_keras_api() -> tuple[Any, Callable[[Setup], Any]]:
    """Return the same of Keras 2."""
    import tensorflow as tf
    import tf_keras

    return tf.Variable, partial(keras_optimizer, tf_keras.optimizers)


def keras_optimizer(module: Any, setup: Setup) -> Any:
    """Return the optimizer of a setup, of Keras 3 or of Keras 2."""
    name = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}[setup.optimizer]
    return getattr(module, name)(**setup.hyperparameters)


def tensorflow_step(api: Any, mode: str, shapes: Shapes, setup: Setup, computed: bool) -> Contestant:
    """Build a contestant of TensorFlow; `mode` is "eager", "graph" or "xla", as its user chose.

    Ours compiles itself, so its user's function is a plain one.
    """
    import tensorflow as tf

    variable, create = api()
    values = numbers(shapes)
    variables = [variable(value) for value in values]
    given = [] if computed else [tf.constant(value) for value in values]

    def make() -> Callable[[], None]:
        optimizer = create(setup)
        optimizer.build(variables)

        def apply() -> None:
            gradients = given or [each * FACTOR for each in variables]
            optimizer.apply_gradients(zip(gradients, variables, strict=True))

        # The partial keeps TensorFlow from reporting the functions of all contestants as retraced.
        step = apply if mode == "eager" else tf.function(partial(apply), jit_compile=mode == "xla")

        def run() -> None:
            step()
            tf.test.experimental.sync_devices()

        return run

    return started(make)


def optax_step(shapes: Shapes, setup: Setup, computed: bool) -> Contestant:
    """Build the contestant of optax."""
    from .with_optax import build

    return build(numbers(shapes), setup, FACTOR if computed else None)


def torch_step(shapes: Shapes, setup: Setup, computed: bool) -> Contestant:
    """Build the contestant of PyTorch."""
    from .with_torch import build

    return build(numbers(shapes), setup, FACTOR if computed else None)


CONTESTANTS: dict[str, Builder] = {
    OURS: partial(tensorflow_step, optiplug_api, "graph"),
    "Keras 3": partial(tensorflow_step, keras_api, "graph"),
    "Keras 3, XLA": partial(tensorflow_step, keras_api, "xla"),
    "tf_keras": partial(tensorflow_step, tf_keras_api, "graph"),
    "tf_keras, XLA": partial(tensorflow_step, tf_keras_api, "xla"),
    "optax": optax_step,
}
if importlib.util.find_spec("torch"):
    CONTESTANTS["torch, fused"] = torch_step

EAGER: dict[str, Builder] = {
    OURS: partial(tensorflow_step, optiplug_api, "eager"),
    "Keras 3": partial(tensorflow_step, keras_api, "eager"),
    "tf_keras": partial(tensorflow_step, tf_keras_api, "eager"),
}


def entered(
    builders: Iterable[tuple[str, Builder]], shapes: Shapes, setup: Setup, computed: bool
) -> dict[str, Contestant]:
    """Build contestants, each after one of a single number: importing a library is not a first step."""
    contestants = {}
    for label, build in builders:
        build([(1,)], setup, computed)
        contestants[label] = build(shapes, setup, computed)
    return contestants
