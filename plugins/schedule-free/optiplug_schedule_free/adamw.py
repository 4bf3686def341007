"""Schedule-free AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import DType, Tensor, Variable, Working, numerics

from .averaging import ScheduleFree
from .config import ScheduleFreeAdamWConfig

__all__ = ["ScheduleFreeAdamW"]


class ScheduleFreeAdamW(ScheduleFree):
    """AdamW with iterate averaging in place of momentum and of a schedule.

    With y the variable, where gradients are taken, x the weights to evaluate and to keep, and
    ``t = iterations + 1``::

        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradient^2
        direction     =  gradient / (sqrt(second_moment / (1 - beta_2^t)) + epsilon)
        z             <- z - rate * (direction + weight_decay * y)
        weight        =  max_rate^2 / (sum of max_rate^2 over all steps so far)
        x             <- (1 - weight) x + weight z
        y             <- (1 - beta_1) z + beta_1 x

    `rate` is the learning rate, in the first `warmup_steps` a growing part of it, and `max_rate`
    the largest so far; `weight_lr_power` stands for the 2. ``with optimizer.averaged_weights():``
    lets the variables be x, and `finalize_variable_values` leaves them so when training has ended.

    State: the slots `z` and `second_moment` and the shared scalars `max_rate` and `weight_sum`.
    `ScheduleFree` says more. For complex variables ``gradient^2`` is ``|gradient|^2``, and
    `second_moment` is real.

    Differs from
    ------------
    The paper, whose bias correction ``sqrt(1 - beta_2^t)`` is a factor of the rate, so that it
    reaches weight decay and the weights of the average; here, as in optax, it belongs to the second
    moment. The average is weighted by the largest learning rate so far, as in optax, which however
    evaluates a schedule one step later for the weight than for the step.

    References
    ----------
    Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky 2024, "The Road Less Scheduled",
    arXiv:2405.15682.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = ScheduleFreeAdamW(learning_rate=0.5)
    >>> for _ in range(3):
    ...     _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> print(variable.numpy().round(4))
    [-0.05  0.05]
    >>> with optimizer.averaged_weights():
    ...     print(abs(variable.numpy()).round(4))
    [0. 0.]
    """

    Config: ClassVar[type[ScheduleFreeAdamWConfig]] = ScheduleFreeAdamWConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.second_moment = self.add_slot("second_moment", real=True)

    def direction(self, gradient: Tensor, variable: Working) -> Tensor:
        """Return the gradient divided by the root of its second moment."""
        v, gradient = self.second_moment[variable], numerics.limited(gradient)
        square = numerics.squared_magnitude(gradient)
        v.assign_add((square - v) * (1 - self.scalar(self.config.beta_2, v)))
        root = self.once(self._root, v)
        divisor = tf.cast(tf.sqrt(v) + self.config.epsilon * root, gradient.dtype)
        return gradient * tf.cast(root, gradient.dtype) / divisor

    def _root(self, dtype: DType) -> Tensor:
        return tf.sqrt(self.bias_correction(self.config.beta_2, dtype))
