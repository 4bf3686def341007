"""AdEMAMix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import DType, Moments, Tensor, Variable, Working, numerics

from .configs.ademamix import AdEMAMixConfig

__all__ = ["AdEMAMix"]


class AdEMAMix(Moments):
    """Adam with a second, slower moving average of the gradient.

    With ``t = iterations + 1``::

        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        slow_momentum <- beta_3(t) * slow_momentum + (1 - beta_3(t)) * gradient
        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradient^2
        direction     =  momentum / (1 - beta_1^t) + alpha(t) * slow_momentum
        variable      <- variable - learning_rate * direction
                                    / (sqrt(second_moment / (1 - beta_2^t)) + epsilon)

    The slow average has no bias correction, so it starts small. With `warmup_steps`, written T,
    ``alpha(t) = alpha * min(t / T, 1)``, and `beta_3` rises from `beta_1` such that its half-life
    rises linearly: ``1 / log(beta_3(t))`` is on the straight line from ``1 / log(beta_1)`` at t = 0
    to ``1 / log(beta_3)`` at T. The paper takes the number of steps of the whole training for T.

    State: the slots `momentum`, `slow_momentum` and `second_moment`. For complex variables ``gradient^2`` is
    ``|gradient|^2``, and `second_moment` is real.

    References
    ----------
    Pagliardini, Ablin and Grangier 2024, "The AdEMAMix Optimizer: Better, Faster, Older", arXiv:2409.03137.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = AdEMAMix(learning_rate=0.25, beta_3=0.5, alpha=2.0)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.5, -0.5]
    """

    Config: ClassVar[type[AdEMAMixConfig]] = AdEMAMixConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.slow_momentum = self.add_slot("slow_momentum")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        fast, second = self.update_moments(gradient, variable)
        beta_3, alpha = (tf.cast(each, fast.dtype) for each in self.once(self._slow, second))
        correction_1, correction_2 = self.once(self.bias_corrections, second)
        slow = self.slow_momentum[variable]
        slow.assign_add((numerics.limited(gradient) - slow) * (1 - beta_3))
        root = tf.sqrt(second / correction_2) + self.config.epsilon
        direction = fast / tf.cast(correction_1, fast.dtype) + alpha * slow
        direction /= tf.cast(root, fast.dtype)
        variable.assign_sub(self.rate(variable) * direction)

    def _slow(self, dtype: DType) -> tuple[Tensor, Tensor]:
        """Return `beta_3` and `alpha` of this step."""
        beta_3, alpha = self.scalar(self.config.beta_3, dtype), self.scalar(self.config.alpha, dtype)
        if self.config.warmup_steps is None:
            return beta_3, alpha
        steps = tf.cast(self.config.warmup_steps, beta_3.dtype)
        progress = tf.minimum(tf.cast(self.iterations + 1, beta_3.dtype) / steps, 1.0)
        beta_1 = self.scalar(self.config.beta_1, dtype)
        # log1p, because beta is close to 1, where log would lose digits.
        start, end = (1 / tf.math.log1p(beta - 1) for beta in (beta_1, beta_3))
        rising = tf.exp(1 / ((1 - progress) * start + progress * end))
        return tf.minimum(rising, beta_3), progress * alpha
