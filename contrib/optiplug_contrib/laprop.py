"""LaProp."""

from __future__ import annotations

from typing import ClassVar

import tensorflow as tf

from optiplug import Moments, Tensor, Working, numerics

from .configs.laprop import LaPropConfig

__all__ = ["LaProp"]


class LaProp(Moments):
    """Momentum of gradients normalized by the root of their second moment.

    With ``t = iterations + 1``::

        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradient^2
        normalized    =  gradient / (sqrt(second_moment / (1 - beta_2^t)) + epsilon)
        momentum      <- beta_1 * momentum + (1 - beta_1) * normalized
        variable      <- variable - learning_rate * momentum / (1 - beta_1^t)

    Adam divides the momentum, so past gradients are normalized by a later second moment; here any
    `beta_1` goes with any `beta_2`.

    State: the slots `momentum` and `second_moment`. For complex variables ``gradient^2`` is
    ``|gradient|^2``, and `second_moment` is real.

    Differs from
    ------------
    The authors' code, whose momentum holds the learning rate of the step at which a gradient came;
    at a constant rate both are the same.

    References
    ----------
    Ziyin, Wang and Ueda 2020, "LaProp: Separating Momentum and Adaptivity in Adam", arXiv:2002.04839.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = LaProp(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.5, -0.5]
    """

    Config: ClassVar[type[LaPropConfig]] = LaPropConfig

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        gradient = numerics.limited(gradient)
        second = self.update_second_moment(gradient, variable)
        correction_1, correction_2 = self.once(self.bias_corrections, second)
        root = tf.sqrt(second / correction_2) + self.config.epsilon
        momentum = self.update_first_moment(gradient / tf.cast(root, gradient.dtype), variable)
        variable.assign_sub(momentum * (self.rate(variable) / tf.cast(correction_1, variable.dtype)))
