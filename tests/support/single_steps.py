"""A few steps on a few numbers."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def stepped(optimizer: Any, *gradients: Any, start: Any = 2.0, **keywords: Any) -> Any:
    """Return a variable after one step for each gradient."""
    variable = tf.Variable(start, **keywords)
    for gradient in gradients:
        given = gradient if isinstance(gradient, tf.IndexedSlices) else tf.constant(gradient, variable.dtype)
        optimizer.apply_gradients([(given, variable)])
    return variable


def rows(values: Any, indices: Any, shape: Any) -> tf.IndexedSlices:
    """Return a sparse gradient."""
    return tf.IndexedSlices(tf.constant(values, tf.float32), tf.constant(indices), tf.constant(shape))
