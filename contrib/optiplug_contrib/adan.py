"""Adan."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import DType, Optimizer, Tensor, Variable, Working, numerics

from .configs.adan import AdanConfig

__all__ = ["Adan"]


class Adan(Optimizer):
    """Adam with Nesterov momentum estimated from differences of gradients.

    With ``t = iterations + 1``; in the first step `previous_gradient` is `gradient`::

        change = gradient - previous_gradient
        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        difference    <- beta_2 * difference + (1 - beta_2) * change
        second_moment <- beta_3 * second_moment + (1 - beta_3) * (gradient + beta_2 * change)^2
        m_hat, d_hat, n_hat = each divided by 1 - beta^t of its own beta
        variable <- variable - learning_rate * (m_hat + beta_2 * d_hat) / (sqrt(n_hat) + epsilon)
        previous_gradient <- gradient

    State: the slots `momentum`, `difference`, `second_moment` and `previous_gradient`, all zero at
    first, also for a variable that comes after the first step. For complex variables squares are those of
    magnitudes, and `second_moment` is real.

    Differs from
    ------------
    The paper, whose betas are one minus these. Bias corrections are those of its authors' program,
    in place of averages that start at the first gradient. `weight_decay` is decoupled as everywhere
    here; the paper divides by ``1 + learning_rate * weight_decay`` after the step.
    optax up to 0.2.8, which has ``1 - beta_2`` where differences are added, 0.08 by default and not
    0.92; and an epsilon inside the root.

    References
    ----------
    Xie, Zhou, Li, Lin and Yan 2022, "Adan: Adaptive Nesterov Momentum Algorithm for Faster
    Optimizing Deep Models", arXiv:2208.06677.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = Adan(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.5, -0.5]
    """

    Config = AdanConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.momentum = self.add_slot("momentum")
        self.difference = self.add_slot("difference")
        self.second_moment = self.add_slot("second_moment", real=True)
        self.previous_gradient = self.add_slot("previous_gradient")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        config, gradient = self.config, numerics.limited(gradient, terms=16)  # the last of three squares
        m, d, n = self.momentum[variable], self.difference[variable], self.second_moment[variable]
        beta_1, beta_2 = self.scalar(config.beta_1, variable), self.scalar(config.beta_2, variable)
        beta_3 = self.scalar(config.beta_3, n)
        previous = self.previous_gradient[variable]
        # The slot is zero before the first step, whose difference would be the gradient itself.
        change = gradient - numerics.where(self.iterations > 0, previous.value, gradient)
        m.assign_add((gradient - m) * (1 - beta_1))
        d.assign_add((change - d) * (1 - beta_2))
        square = numerics.squared_magnitude(gradient + beta_2 * change)
        n.assign_add((square - n) * (1 - beta_3))
        # Nothing is added, but it comes after what reads the old one, which XLA would copy otherwise.
        previous.assign(gradient + 0 * (d + tf.cast(n, d.dtype)))
        correction_1, correction_2, _ = self.once(self._corrections, variable)
        *_, correction_3 = self.once(self._corrections, n)
        rate = self.rate(variable)
        step = m * (rate / correction_1) + d * (rate * beta_2 / correction_2)
        root = tf.sqrt(n / correction_3) + config.epsilon
        variable.assign_sub(step / tf.cast(root, step.dtype))

    def _corrections(self, dtype: DType) -> tuple[Tensor, ...]:
        betas = self.config.beta_1, self.config.beta_2, self.config.beta_3
        return tuple(self.bias_correction(beta, dtype) for beta in betas)
