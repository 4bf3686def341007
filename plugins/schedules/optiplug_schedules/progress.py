"""How far a schedule has come: arithmetic that stays right at every boundary.

A compiler may turn ``step / steps`` into ``step * (1 / steps)``, as both TensorFlow's graph optimizer and
XLA do; 41 * (1 / 41) is then just below 1 in float32, and its floor is 0. So steps are counted in integers,
and a fraction is made exact at both of its ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf

from optiplug import DType, Tensor

__all__ = ["elapsed", "half_cosine", "interpolate", "passed", "periods", "remaining", "spanned"]


def elapsed(step: Tensor, steps: float) -> Tensor:
    """Return ``step / steps`` held between 0 and 1, exactly 1 from `steps` on."""
    if steps == 0:
        return tf.ones_like(step)
    # Of `steps`, the quotient may be just below 1, see above: the comparison is exact.
    ended = tf.cast(step >= steps, step.dtype)
    return tf.minimum(tf.maximum(step / steps, ended), 1)


def remaining(step: Tensor, steps: float) -> Tensor:
    """Return ``1 - step / steps`` held between 0 and 1, with all its digits as it nears 0."""
    # From the other end, as 1 minus a fraction near 1 would lose its digits.
    return elapsed(steps - step, steps)


def periods(step: Tensor, steps: float) -> Tensor:
    """Return ``floor(step / steps)`` as int64."""
    if isinstance(steps, int):
        # Divided as integers: the floor of a rounded quotient may be one too low.
        return tf.cast(tf.floor(step), tf.int64) // steps
    # Compared by products, which are right where a quotient is one too low or too high.
    count = tf.floor(step / steps)
    count += tf.cast((count + 1) * steps <= step, step.dtype)
    return tf.cast(count - tf.cast(count * steps > step, step.dtype), tf.int64)


def spanned(count: Tensor, steps: float, dtype: DType) -> Tensor:
    """Return so many times `steps`, a whole number exactly."""
    if isinstance(steps, int):
        return tf.cast(count * steps, dtype)
    return tf.cast(count, dtype) * steps


def passed(step: Tensor, boundaries: Sequence[int]) -> Tensor:
    """Return how many of the `boundaries` are at or before `step`."""
    return tf.reduce_sum(tf.cast(step >= tf.constant(boundaries, step.dtype), tf.int32))


def interpolate(first: float | Tensor, second: float | Tensor, weight: Tensor) -> Tensor:
    """Return the convex combination of both; at a `weight` of 1 exactly `first`, at 0 exactly `second`."""
    # Not `second + (first - second) * weight`, which rounding keeps from `first` at a weight of 1.
    return first * weight + second * (1 - weight)


def half_cosine(fraction: Tensor) -> Tensor:
    """Return ``(1 - cos(pi * fraction)) / 2``, which goes from 0 to 1, with all its digits near 0."""
    # sin^2(x / 2): one minus a cosine near 1 would lose its digits.
    return tf.square(tf.sin(math.pi / 2 * fraction))
