"""An optimizer of Keras that one of ours continues, beside one that goes on by itself."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras

import optiplug
from references.training import Array

__all__ = ["KINDS", "assert_continues"]

KINDS = {"tf_keras": tf_keras.optimizers, "keras 3": keras.optimizers}
_SHAPES = {"kernel": (3, 2), "bias": (2,), "scale": ()}


def assert_continues(kind: str, use: str, keras_name: str, fields: dict[str, Any]) -> None:
    """Let ours take over after 5 steps, and compare with 10 of theirs."""
    theirs, model = _create(kind, keras_name, fields)
    _train(theirs, model, 0, 5)
    ours = optiplug.create(use, **fields)
    ours.build(model)
    optiplug.convert(theirs, ours)
    alone, beside = _create(kind, keras_name, fields)
    for mine, other in zip(_train(ours, model, 5, 10), _train(alone, beside, 0, 10), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-6)


def _create(kind: str, keras_name: str, fields: dict[str, Any]) -> tuple[Any, list[Any]]:
    generator = np.random.default_rng(0)
    values = {name: generator.normal(size=shape).astype("float32") for name, shape in _SHAPES.items()}
    variable, more = (keras.Variable, {}) if kind == "keras 3" else (tf.Variable, {"jit_compile": False})
    model = [variable(value, name=name) for name, value in values.items()]
    return getattr(KINDS[kind], keras_name)(**fields, **more), model


def _train(optimizer: Any, model: list[Any], first: int, last: int) -> list[Array]:
    for step in range(first, last):
        generator = np.random.default_rng(step + 1)
        gradients = [tf.constant(generator.normal(size=shape), tf.float32) for shape in _SHAPES.values()]
        optimizer.apply_gradients(zip(gradients, model, strict=True))
    return [np.asarray(each) for each in model]
