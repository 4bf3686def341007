"""The same value at every step."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.constant import ConstantConfig

__all__ = ["Constant"]


class Constant(Schedule):
    """Constant value.

    It stands for a number where a schedule is asked for: ``schedule(step) = value``.

    >>> print(Constant(0.5)(1000).numpy())
    0.5
    """

    Config = ConstantConfig

    def value(self, step: Tensor) -> Tensor:
        return tf.constant(self.config.value, step.dtype)
