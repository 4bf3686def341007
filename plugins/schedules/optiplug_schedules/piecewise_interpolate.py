"""Values at given steps, and a way between them."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.piecewise_interpolate import PiecewiseInterpolateConfig
from .progress import half_cosine, interpolate, remaining

__all__ = ["PiecewiseInterpolate"]


class PiecewiseInterpolate(Schedule):
    """Values at given steps, and between two of them a line or half a cosine wave.

    ``values[0]`` at step 0, ``values[1]`` at step ``boundaries[0]``, and so on. With the `fraction` of the
    way between two of them that has passed::

        value = end + (start - end) * (1 - fraction)                    linear
        value = end + (start - end) * (1 + cos(pi * fraction)) / 2      cosine

    Equal to optax' `piecewise_interpolate_schedule`, which takes the ratios of values.

    >>> schedule = PiecewiseInterpolate(boundaries=[10, 30], values=[0.0, 1.0, 0.5])
    >>> [float(schedule(step)) for step in (0, 5, 10, 20, 30, 100)]
    [0.0, 0.5, 1.0, 0.75, 0.5, 0.5]
    """

    Config = PiecewiseInterpolateConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        value, start = tf.constant(config.values[0], step.dtype), 0
        # Before an interval all of it is left, after it nothing: nested, each is right on both sides.
        for end, following in zip(config.boundaries, config.values[1:], strict=True):
            left = remaining(step - start, end - start)
            value = interpolate(value, following, half_cosine(left) if config.shape == "cosine" else left)
            start = end
        return value
