"""How far a schedule has come: arithmetic that stays right at every boundary.

A compiler may turn ``step / steps`` into ``step * (1 / steps)``, as both TensorFlow's graph optimizer and
XLA do; 41 * (1 / 41) is then just below 1 in float32, and its floor is 0. So steps are counted in integers,
and a fraction is made exact at both of its ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf

from optiplug import Tensor

__all__ = ["cosine_share", "elapsed", "mix", "passed", "periods", "remaining"]


def elapsed(step: Tensor, steps: int) -> Tensor:
    """Return ``step / steps`` held between 0 and 1, exactly 1 from `steps` on."""
    if steps == 0:
        return tf.ones_like(step)
    ended = tf.cast(step >= steps, step.dtype)
    return tf.minimum(tf.maximum(step / steps, ended), 1)


def remaining(step: Tensor, steps: int) -> Tensor:
    """Return ``1 - step / steps`` held between 0 and 1, with all its digits as it nears 0."""
    return elapsed(steps - step, steps)


def periods(step: Tensor, steps: int) -> Tensor:
    """Return ``floor(step / steps)`` as int64."""
    return tf.cast(tf.floor(step), tf.int64) // steps


def passed(step: Tensor, boundaries: Sequence[int]) -> Tensor:
    """Return how many of the `boundaries` are at or before `step`."""
    return tf.reduce_sum(tf.cast(step >= tf.constant(boundaries, step.dtype), tf.int32))


def mix(first: float | Tensor, second: float | Tensor, share: Tensor) -> Tensor:
    """Return `share` of `first` and the rest of `second`; exactly one of them at 1 and 0."""
    return first * share + second * (1 - share)


def cosine_share(fraction: Tensor) -> Tensor:
    """Return ``(1 - cos(pi * fraction)) / 2``, which goes from 0 to 1, with all its digits near 0."""
    return tf.square(tf.sin(math.pi / 2 * fraction))
