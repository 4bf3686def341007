"""Gradients as they are given, made into what a step takes."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .errors import GradientsError
from .numerics import compute_dtype

__all__ = ["dense", "signature", "tensor", "without_shape"]


def dense(gradient: Any, variable: Any) -> Any:
    """Return a tensor of the shape of `variable`, duplicate rows summed.

    Done outside the cluster: the number of rows varies, and XLA compiles for each shape.

    Raises
    ------
    GradientsError
        If the gradient has another shape.
    """
    if isinstance(gradient, tf.IndexedSlices):
        values, shape = tf.cast(gradient.values, compute_dtype(gradient.dtype)), gradient.dense_shape
        if shape is None:
            shape = tf.constant(variable.shape.as_list(), gradient.indices.dtype)
        gradient = tf.IndexedSlices(values, gradient.indices, shape)
    gradient = tf.convert_to_tensor(gradient)
    _require(gradient.shape, variable)
    return gradient if gradient.shape == variable.shape else tf.ensure_shape(gradient, variable.shape)


def tensor(gradient: Any) -> Any:
    """Make a tensor of a number, for each of which TensorFlow would trace anew."""
    return gradient if isinstance(gradient, tf.Tensor) else tf.convert_to_tensor(gradient)


def without_shape(gradient: Any) -> Any:
    """Drop the shape that some slices carry, which a signature would have to foresee."""
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values, gradient.indices)
    return tensor(gradient)


def signature(gradient: Any, variable: Any) -> Any:
    """Return a signature that leaves open how many rows a sparse gradient has.

    Raises
    ------
    GradientsError
        If a sparse gradient is one of another shape.
    """
    if isinstance(gradient, tf.IndexedSlices):
        _require(tf.TensorShape(gradient.dense_shape.numpy()), variable)
        return tf.IndexedSlicesSpec(variable.shape, gradient.dtype, gradient.indices.dtype, None, [None])
    gradient = tensor(gradient)
    return tf.TensorSpec(gradient.shape, gradient.dtype)


def _require(shape: Any, variable: Any) -> None:
    if not shape.is_compatible_with(variable.shape):
        raise GradientsError(
            f"the gradient of {variable.name!r} must have its shape {variable.shape}", received=tuple(shape)
        )
