"""Factors that come from norms: what scales down to a bound, and what normalizes."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Tensor, numerics

__all__ = ["inverse_norm", "nan_unless_finite", "shrinkage"]


def shrinkage(norm: Tensor, bound: Tensor) -> Tensor:
    """Return ``min(1, bound / norm)``, which is exactly 1 within the bound; 0 if both are 0.

    >>> shrinkage(tf.constant([0.0, 3.0, 8.0]), tf.constant(4.0)).numpy().tolist()
    [1.0, 1.0, 0.5]
    """
    return tf.math.divide_no_nan(bound, tf.maximum(norm, bound))


def inverse_norm(tensors: Sequence[Tensor]) -> Tensor:
    """Return 1 over the norm of all elements of all tensors: 0 if that is 0, NaN if it is not finite.

    >>> float(inverse_norm([tf.constant([3.0, 4.0])])), float(inverse_norm([tf.zeros([2])]))
    (0.2, 0.0)
    """
    norm = numerics.global_norm(tensors, tf.float64)
    return nan_unless_finite(tf.math.divide_no_nan(tf.ones([], norm.dtype), norm), norm)


def nan_unless_finite(factor: Tensor, norm: Tensor) -> Tensor:
    """Return a factor, or NaN if the norm that it comes from is not finite.

    An infinite norm makes a factor of 0, which hides the overflow in all but a few elements.
    """
    # No constant NaN: TensorFlow's own check of numerics would find it, although it is not chosen.
    one = tf.ones([], norm.dtype)
    return factor * tf.sqrt(tf.where(tf.math.is_finite(norm), one, -one))
