"""RMSprop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .config import RMSpropConfig

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Gradient divided by the root of an exponential moving average of its square.

    ::

        second_moment <- rho * second_moment + (1 - rho) * gradient^2
        step          =  learning_rate * gradient / sqrt(second_moment + epsilon)
        variable      <- variable - step

    With `centered` an estimate of the variance takes the place of the second moment::

        average_gradient <- rho * average_gradient + (1 - rho) * gradient
        step = learning_rate * gradient / sqrt(second_moment - average_gradient^2 + epsilon)

    With `momentum` the steps accumulate, the learning rate inside::

        momentum <- factor * momentum + step
        variable <- variable - momentum

    State: the slot `second_moment`, with `centered` also `average_gradient`, with `momentum` also
    `momentum`. For complex variables squares are those of magnitudes, and `second_moment` is real.

    Differs from
    ------------
    Keras: `ema_overwrite_frequency` is None by default as everywhere, not 100. The variance is
    held at 0 where rounding makes it negative, which is a NaN in Keras. torch, which adds epsilon
    outside the root.

    References
    ----------
    Tieleman and Hinton 2012, "Lecture 6.5: RMSprop", COURSERA: Neural Networks for Machine Learning.
    Graves 2013, "Generating Sequences With Recurrent Neural Networks", arXiv:1308.0850 (centered).

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = RMSprop(learning_rate=0.5, rho=0.75)
    >>> _ = optimizer.apply_gradients([(tf.constant([2.0, -20.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.0, 0.0]
    """

    Config: ClassVar[type[RMSpropConfig]] = RMSpropConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.second_moment = self.add_slot("second_moment", real=True)
        if self.config.centered:
            self.average_gradient = self.add_slot("average_gradient")
        if self.config.momentum != 0:
            self.momentum = self.add_slot("momentum")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        v, gradient = self.second_moment[variable], numerics.limited(gradient)
        rho = self.scalar(self.config.rho, v)
        v.assign(rho * v + (1 - rho) * numerics.squared_magnitude(gradient))
        size = v
        if self.config.centered:
            average = self.average_gradient[variable]
            rho = self.scalar(self.config.rho, average)
            average.assign(rho * average + (1 - rho) * gradient)
            # The difference of two averages: for a constant gradient rounding may make it negative.
            size = tf.maximum(v - numerics.squared_magnitude(average), 0)
        root = tf.cast(tf.sqrt(size + self.config.epsilon), variable.dtype)
        step = self.rate(variable) * gradient / root
        if self.config.momentum != 0:
            momentum = self.momentum[variable]
            momentum.assign(self.scalar(self.config.momentum, variable) * momentum + step)
            step = momentum
        variable.assign_sub(step)
