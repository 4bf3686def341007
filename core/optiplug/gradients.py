"""Gradients as they are given, made into what a step takes."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from . import distribution
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
    _require_dtype(gradient.dtype, variable)
    gradient = tf.convert_to_tensor(_summable(gradient, variable))
    _require_shape(gradient.shape, variable)
    return gradient if gradient.shape == variable.shape else tf.ensure_shape(gradient, variable.shape)


def tensor(gradient: Any) -> Any:
    """Make a tensor of a number, for each of which TensorFlow would trace anew.

    Raises
    ------
    GradientsError
        If it is nothing that a tensor could be made of.
    """
    if isinstance(gradient, tf.Tensor):
        return gradient
    try:
        return tf.convert_to_tensor(gradient)
    except (TypeError, ValueError) as error:
        raise GradientsError(
            "a gradient must be a tensor, a tf.IndexedSlices or a number", received=gradient
        ) from error


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
        _require_shape(tf.TensorShape(gradient.dense_shape.numpy()), variable)
        return tf.IndexedSlicesSpec(variable.shape, gradient.dtype, gradient.indices.dtype, None, [None])
    gradient = tensor(gradient)
    return tf.TensorSpec(gradient.shape, gradient.dtype)


def _summable(gradient: Any, variable: Any) -> Any:
    """Prepare rows to be summed: in the dtype to compute in, and none of them below the first."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    if variable.shape.rank == 0:
        _require_shape(tf.TensorShape([None]), variable)
    values, indices, shape = gradient.values, gradient.indices, gradient.dense_shape
    if shape is None:
        shape = tf.constant(variable.shape.as_list(), indices.dtype)
    if (
        distribution.mesh_of(variable) is None
    ):  # TensorFlow sums what is above the last, but not this, to an error
        rule = f"the rows of the gradient of {variable.name} must not be negative"
        with tf.control_dependencies([tf.debugging.assert_non_negative(indices, rule)]):
            indices = tf.identity(indices)
    return tf.IndexedSlices(tf.cast(values, compute_dtype(values.dtype)), indices, shape)


def _require_dtype(dtype: Any, variable: Any) -> None:
    if not _is_number(dtype) or (dtype.is_complex and not variable.dtype.is_complex):
        raise GradientsError(
            f"the gradient of {variable.name!r} must be of a dtype like its own, {variable.dtype.name}",
            received=dtype.name,
        )


def _is_number(dtype: Any) -> bool:
    return bool(dtype.is_floating or dtype.is_complex or dtype.is_integer)


def _require_shape(shape: Any, variable: Any) -> None:
    if not shape.is_compatible_with(variable.shape):
        raise GradientsError(
            f"the gradient of {variable.name!r} must have its shape {variable.shape}", received=tuple(shape)
        )
