"""Where random numbers of a `fit` come from: Python, NumPy, and what layers have."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from .untyped import KerasModel

__all__ = ["generators_of", "global_seed", "read_states", "set_states", "unsaved_layers"]


def read_states() -> dict[str, Any]:
    """Return the states of the generators of Python and NumPy as JSON."""
    version, words, gauss = random.getstate()
    name, key, position, has_gauss, cached = np.random.get_state()  # noqa: NPY002  # Keras draws from it
    return {
        "python": [version, _text(np.array(words, np.uint32)), gauss],
        "numpy": [str(name), _text(np.asarray(key)), int(position), int(has_gauss), float(cached)],
    }


def set_states(saved: dict[str, Any]) -> None:
    """Set the generators to states that were read before."""
    version, words, gauss = saved["python"]
    random.setstate((version, tuple(map(int, _words(words))), gauss))
    name, key, *rest = saved["numpy"]
    np.random.set_state((name, _words(key), *rest))  # noqa: NPY002


def global_seed() -> int | None:
    """Return the seed of `tf.random.set_seed`, without drawing anything from it."""
    found: list[int | None] = []

    # A function that is traced has the seed, and counts its operations by itself.
    tf.function(lambda: found.append(tf.compat.v1.get_seed(None)[0])).get_concrete_function()
    return found[0]


def generators_of(model: KerasModel) -> list[Any]:
    """Return the variables with the state of generators that no checkpoint of TensorFlow has of a model."""
    found = [each.state for each in _generators(model)]
    shared = _shared()
    return found if shared is None else [*found, shared.state]


def unsaved_layers(model: KerasModel) -> list[str]:
    """Return the layers of tf_keras whose random numbers come from kernels, which nobody can ask."""
    return [
        layer.name
        for layer in _random_layers(model)
        if layer._random_generator._rng_type == "legacy_stateful"  # noqa: SLF001
    ]


def _random_layers(model: KerasModel) -> Iterator[Any]:
    for each in getattr(model, "submodules", ()):
        if hasattr(getattr(each, "_random_generator", None), "_rng_type"):
            yield each


def _generators(model: KerasModel) -> Iterator[tf.random.Generator]:
    for layer in _random_layers(model):
        generator = getattr(layer._random_generator, "_generator", None)  # noqa: SLF001
        if generator is not None:
            yield generator


def _shared() -> Any:
    """Return the generator of Keras 3 for functions that are given no seed, if there is one."""
    from keras.src.backend.common.global_state import get_global_attribute

    return get_global_attribute("global_seed_generator")


def _text(words: Any) -> str:
    return base64.b64encode(words.astype("<u4").tobytes()).decode()


def _words(text: str) -> Any:
    return np.frombuffer(base64.b64decode(text), "<u4").astype(np.uint32)
