"""A constant value in each interval of steps."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.piecewise_constant import PiecewiseConstantConfig

__all__ = ["PiecewiseConstantDecay"]


class PiecewiseConstantDecay(Schedule):
    """Piecewise constant values between boundaries.

    ``values[0]`` up to and with step ``boundaries[0]``, ``values[1]`` up to and with ``boundaries[1]``, and
    so on. A boundary still belongs to the value before it, as in Keras; in a `join` it belongs to the
    schedule after it.

    Source: the steps of He, Zhang, Ren and Sun 2016, arXiv:1512.03385, among others.

    >>> drop = PiecewiseConstantDecay(boundaries=[100, 200], values=[1.0, 0.5, 0.25])
    >>> [float(drop(step)) for step in (100, 101, 500)]
    [1.0, 0.5, 0.25]
    """

    Config = PiecewiseConstantConfig

    def value(self, step: Tensor) -> Tensor:
        # Counted and gathered rather than nested conditions: one operation, however many boundaries.
        behind = step > tf.constant(self.config.boundaries, step.dtype)
        index = tf.reduce_sum(tf.cast(behind, tf.int32))
        return tf.gather(tf.constant(self.config.values, step.dtype), index)
