"""ADOPT."""

from __future__ import annotations

from typing import ClassVar

import tensorflow as tf

from optiplug import DType, Moments, Tensor, Working, numerics

from .configs.adopt import ADOPTConfig

__all__ = ["ADOPT"]


class ADOPT(Moments):
    """Adam with a second moment that leaves out the current gradient.

    The first step only sets ``second_moment <- gradient^2``. Then, with ``t = iterations``::

        normalized    =  gradient / max(sqrt(second_moment), epsilon)
        normalized    =  min(max(normalized, -t^clip_exponent), t^clip_exponent)
        momentum      <- beta_1 * momentum + (1 - beta_1) * normalized
        variable      <- variable - learning_rate * momentum
        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradient^2

    so a gradient is divided by the second moment of the gradients before it. t counts the steps of the
    optimizer: for a variable without a gradient in the first one, `second_moment` starts at 0, and
    the clip alone holds its first step.

    State: the slots `momentum` and `second_moment`. Variables must be real.

    References
    ----------
    Taniguchi et al. 2024, "ADOPT: Modified Adam Can Converge with Any beta_2 with the Optimal Rate",
    arXiv:2411.02853; `clip_exponent` since its third version.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = ADOPT(learning_rate=0.5, beta_1=0.0)
    >>> for _ in range(2):
    ...     _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    ...     print(variable.numpy().round(4).tolist())
    [1.0, -1.0]
    [0.5, -0.5]
    """

    Config: ClassVar[type[ADOPTConfig]] = ADOPTConfig

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        momentum, second = self.momentum[variable], self.second_moment[variable]
        gradient = numerics.limited(gradient)
        weight_1, weight_2, bound = self.once(self._weights_and_bound, variable)
        normalized = gradient / tf.maximum(tf.sqrt(second), self.config.epsilon)
        if self.config.clip_exponent is not None:
            normalized = tf.clip_by_value(normalized, -bound, bound)
        momentum.assign_add((normalized - momentum) * weight_1)
        # Nothing is added, but it comes after the momentum, whose formula reads the old second moment:
        # XLA copies what two formulas read that are in no order.
        second.assign_add((tf.square(gradient) - second) * weight_2 + 0 * momentum)
        variable.assign_sub(self.rate(variable) * momentum)

    def _weights_and_bound(self, dtype: DType) -> tuple[Tensor, Tensor, Tensor]:
        """Return the weight of the new value in each average, and the bound of the clip."""
        beta_1, beta_2 = (self.scalar(beta, dtype) for beta in (self.config.beta_1, self.config.beta_2))
        first = tf.equal(self.iterations, 0)
        # Weights of 0 and 1 make the first step, which only sets the second moment, without a branch.
        weight_1 = tf.where(first, tf.zeros_like(beta_1), 1 - beta_1)
        weight_2 = tf.where(first, tf.ones_like(beta_2), 1 - beta_2)
        return weight_1, weight_2, tf.cast(self.iterations, dtype) ** (self.config.clip_exponent or 0.0)
