"""The contestants: each holds its own variables and takes steps in its own library's way.

Gradients are either given, as tensors that exist before the step, or computed inside it from the
variables. A function of TensorFlow's captures those that are given: it would spend 2 ms on taking
160 of them as arguments, which no training step does. Libraries are imported when a contestant of
theirs is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from . import torch_process
from .setups import Setup, is_matrix
from .shapes import Shapes, nbytes, numbers
from .timing import Contestant, started

__all__ = [
    "CONTESTANTS",
    "EAGER",
    "GRADIENTS",
    "OURS",
    "TORCH",
    "Builder",
    "able",
    "entered",
    "floors",
    "keras_optimizer",
]

Builder: TypeAlias = Callable[[Shapes, Setup, bool], Contestant]
Builders: TypeAlias = Mapping[str, Builder]

OURS = "optiplug"
GRADIENTS = {"computed": True, "given": False}
FACTOR = 0.1
FIRST = [(1,), (1, 1)]
SMALL = 2**14  # bytes of variables: below, a step is little but the fixed cost of a call


def optiplug_api() -> tuple[Any, Callable[[Setup], Any]]:
    """Return the class of variables, and what creates the optimizer of a setup."""
    import tensorflow as tf

    import optiplug

    def create(setup: Setup) -> Any:
        if not setup.vectors:
            return optiplug.create(setup.optimizer, **setup.hyperparameters)
        matrices, vectors = (
            {"use": each.optimizer, **each.hyperparameters} for each in (setup, setup.vectors)
        )
        groups = [
            {"name": "matrices", "min_ndim": 2, "optimizer": matrices},
            {"name": "vectors", "optimizer": vectors},
        ]
        return optiplug.create("partition", groups=groups)

    return tf.Variable, create


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
        if setup.masked:
            optimizer.exclude_from_weight_decay([each for each in variables if not is_matrix(each.shape)])
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


def torch_step(form: str, shapes: Shapes, setup: Setup, computed: bool) -> Contestant:
    """Build a contestant of PyTorch."""
    return torch_process.build(shapes, setup, FACTOR if computed else None, form)


def empty_step(compiled: bool, eager: bool, *_: object) -> Contestant:
    """Build what only assigns a number, in a function of its own: the least that such a call costs."""
    import tensorflow as tf

    number = tf.Variable(0.0)

    def make() -> Callable[[], None]:
        def assign() -> None:
            number.assign(1.0, read_value=False)

        inner = tf.function(assign, jit_compile=compiled)
        step = inner if eager else tf.function(partial(inner))

        def run() -> None:
            step()
            tf.test.experimental.sync_devices()

        return run

    return started(make)


CONTESTANTS: dict[str, Builder] = {
    OURS: partial(tensorflow_step, optiplug_api, "graph"),
    "Keras 3": partial(tensorflow_step, keras_api, "graph"),
    "Keras 3, XLA": partial(tensorflow_step, keras_api, "xla"),
    "tf_keras": partial(tensorflow_step, tf_keras_api, "graph"),
    "tf_keras, XLA": partial(tensorflow_step, tf_keras_api, "xla"),
    "optax": optax_step,
}
TORCH: dict[str, Builder] = {f"torch, {form}": partial(torch_step, form) for form in torch_process.FORMS}

EAGER: dict[str, Builder] = {
    OURS: partial(tensorflow_step, optiplug_api, "eager"),
    "Keras 3": partial(tensorflow_step, keras_api, "eager"),
    "tf_keras": partial(tensorflow_step, tf_keras_api, "eager"),
}


def able(builders: Builders, setup: Setup) -> dict[str, Builder]:
    """Return those that can do what a setup asks: Keras has one optimizer for all variables."""
    return {label: each for label, each in builders.items() if not (setup.vectors and "eras" in label)}


def floors(shapes: Shapes, *, eager: bool) -> dict[str, Builder]:
    """Return what only calls a function, where the variables are so small that this is most of a step."""
    if nbytes(shapes) > SMALL:
        return {}
    return {
        "an empty cluster": partial(empty_step, True, eager),
        "an empty function": partial(empty_step, False, eager),
    }


def entered(builders: Builders, shapes: Shapes, setup: Setup, computed: bool) -> dict[str, Contestant]:
    """Build contestants, each after one of two numbers: importing a library is not a first step."""
    contestants = {}
    for label, build in builders.items():
        build(FIRST, setup, computed)
        contestants[label] = build(shapes, setup, computed)
    return contestants
