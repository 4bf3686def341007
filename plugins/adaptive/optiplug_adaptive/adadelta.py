"""Adadelta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .config import AdadeltaConfig

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Gradient scaled by the ratio of the RMS of past updates and of past gradients.

    ::

        second_moment        <- rho * second_moment + (1 - rho) * gradient^2
        delta                =  gradient * sqrt(update_second_moment + epsilon)
                                / sqrt(second_moment + epsilon)
        update_second_moment <- rho * update_second_moment + (1 - rho) * delta^2
        variable             <- variable - learning_rate * delta

    The units of the variable cancel, so the paper needs no learning rate; its form is
    ``learning_rate=1``.

    State: the slots `second_moment` and `update_second_moment`. For complex variables
    squares are those of magnitudes, and both are real.

    Differs from
    ------------
    optax, whose defaults are ``rho=0.9`` and ``epsilon=1e-6`` and whose weight decay is added to the
    gradient.

    References
    ----------
    Zeiler 2012, "ADADELTA: An Adaptive Learning Rate Method", arXiv:1212.5701.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = Adadelta(learning_rate=1.0, rho=0.75, epsilon=1e-4)
    >>> _ = optimizer.apply_gradients([(tf.constant([2.0, -20.0]), variable)])
    >>> print(variable.numpy().round(4))
    [ 0.98 -0.98]
    """

    Config: ClassVar[type[AdadeltaConfig]] = AdadeltaConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.second_moment = self.add_slot("second_moment", real=True)
        self.update_second_moment = self.add_slot("update_second_moment", real=True)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        v, u = self.second_moment[variable], self.update_second_moment[variable]
        rho, epsilon = self.scalar(self.config.rho, v), self.config.epsilon
        square = numerics.squared_magnitude(numerics.limited(gradient))
        v.assign(rho * v + (1 - rho) * square)
        u.assign(rho * u + ((1 - rho) * (u + epsilon)) * (square / (v + epsilon)))
        # Were the old u read here too, XLA would copy it. Solved for: (old u + epsilon) / (v + epsilon) = ...
        ratio = tf.math.divide_no_nan(u + rho * epsilon, rho * (v + epsilon) + (1 - rho) * square)
        factor = tf.cast(tf.sqrt(ratio), variable.dtype)
        variable.assign_sub(self.rate(variable) * gradient * factor)
