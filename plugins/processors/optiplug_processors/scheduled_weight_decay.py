"""Decoupled weight decay that follows the size of the gradients."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Step, Tensor, Variable, Working, numerics

from .configs.scheduled_weight_decay import ScheduledWeightDecayConfig
from .decoupled import DecoupledDecay

__all__ = ["ScheduledWeightDecay"]


class ScheduledWeightDecay(DecoupledDecay):
    """Decoupled weight decay, scaled by the inverse of the gradient norm.

    ``variable <- variable - variable * min(1, rate * learning_rate / sqrt(average))``, where
    ``average`` is the exponential moving average of the mean of the squares of all elements of all
    gradients, without its bias towards 0. Large gradients at the end of training are a sign of too
    much decay. While all gradients have been 0 nothing decays.

    State: the scalars `second_moment` and `weight`, the sum of the weights in it (float32, float64 if
    any variable is in double precision).

    Raises
    ------
    ConfigError
        If `rate` is below 0 or `beta_2` outside [0, 1).

    Differs from
    ------------
    The paper, which has it in Adam and takes the mean of Adam's own second moment: the same
    number, if `beta_2` is Adam's and every variable has a gradient in each step. There the
    factor of decay has no upper bound, and above 1 a variable changes its sign.

    References
    ----------
    Xie, Xu, Zhang, Sato and Sugiyama 2023, "On the Overlooked Pitfalls of Weight Decay and How to
    Mitigate Them: A Gradient-Norm Perspective", arXiv:2011.11152.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable([8.0, 0.0])
    >>> decay = ScheduledWeightDecay(0.5, beta_2=0.0)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[decay])
    >>> for size in (1.0, 2.0):  # of the gradients, which do not move the first element
    ...     _ = optimizer.apply_gradients([(tf.constant([0.0, size * 2**0.5]), variable)])
    ...     print(round(float(variable[0]), 5))
    4.0
    3.0
    """

    Config = ScheduledWeightDecayConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the average and its weight."""
        super().build(variables)
        self.second_moment = self.add_state("second_moment", dtype=tf.float64)
        self.weight = self.add_state("weight", dtype=tf.float64)

    def coefficients(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Return the rate times the learning rate, over the size of the gradients."""
        size = self._gradient_size(gradients, step)
        return [self._coefficient(variable, size, step) for variable in step.variables]

    def _coefficient(self, variable: Working, size: Tensor, step: Step) -> Tensor:
        plain = tf.math.real(step.scalar(self.config.rate, variable) * step.rate(variable))
        # Tiny gradients would make it larger than 1, and a variable would overshoot 0.
        scaled = tf.minimum(tf.math.divide_no_nan(tf.cast(plain, size.dtype), size), 1)
        return tf.cast(scaled, variable.dtype)

    def _gradient_size(self, gradients: Sequence[Tensor], step: Step) -> Tensor:
        """Return the root of the second moment after this step's gradients, without its bias."""
        elements = sum(gradient.shape.num_elements() for gradient in gradients)
        mean_square = tf.square(numerics.global_norm(gradients, tf.float64)) / max(elements, 1)
        beta_2 = step.scalar(self.config.beta_2, tf.float64)
        # The weight is 1 - beta_2^t, but for a schedule, and where this is added to a training that runs.
        self.weight.assign(beta_2 * self.weight + (1 - beta_2))
        self.second_moment.assign(beta_2 * self.second_moment + (1 - beta_2) * mean_square)
        return tf.sqrt(tf.math.divide_no_nan(self.second_moment.value, self.weight.value))
