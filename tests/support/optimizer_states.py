"""An optimizer with state, and that state by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from optiplug_adam.adam import Adam

FULL = {"learning_rate": 0.1, "use_ema": True, "jit_compile": False}


def model() -> list[Any]:
    """Return the variables of a model."""
    return [tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="kernel"), tf.Variable([5.0, 6.0], name="bias")]


def trained(steps: int = 3, **changes: Any) -> tuple[Any, list[Any]]:
    """Return Adam after so many steps, and its variables."""
    variables, optimizer = model(), Adam(**{**FULL, **changes})
    optimizer.build(variables)
    for step in range(steps):
        optimizer.apply_gradients([(each * 0.1 + step, each) for each in variables])
    return optimizer, variables


def stored(optimizer: Any) -> dict[str, Any]:
    """Return the state by name."""
    store: dict[str, Any] = {}
    optimizer.save_own_variables(store)
    return store


def assert_same_state(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Compare names, their order, and every bit of the values."""
    assert list(one) == list(other)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def checkpoint(optimizer: Any) -> tf.train.Checkpoint:
    """Return a checkpoint with nothing in it but the optimizer."""
    return tf.train.Checkpoint(optimizer=optimizer)
