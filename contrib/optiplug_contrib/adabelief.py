"""AdaBelief."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import DType, Optimizer, Tensor, Variable, Working, numerics

from .configs.adabelief import AdaBeliefConfig
from .radam import rectification

__all__ = ["AdaBelief"]


class AdaBelief(Optimizer):
    """Adam that divides by the variance of the gradient around its moving average.

    With ``t = iterations + 1``::

        momentum <- beta_1 * momentum + (1 - beta_1) * gradient
        variance <- beta_2 * variance + (1 - beta_2) * (gradient - momentum)^2 + epsilon_root
        m_hat = momentum / (1 - beta_1^t)
        s_hat = variance / (1 - beta_2^t)
        variable <- variable - learning_rate * m_hat / (sqrt(s_hat) + epsilon)

    Where gradients do not change, `variance` goes to zero and steps grow: that is the idea, and what
    `epsilon_root` bounds. With `rectify` the step has the factor `r` of `radam`, and is
    ``learning_rate * m_hat`` as long as the length there is below `sma_threshold`. With `amsgrad` the
    largest `variance` so far takes its place in `s_hat`.

    State: the slots `momentum` and `variance`, with `amsgrad` also `variance_max`. For
    complex variables squares are those of magnitudes, and the variances are real.

    Differs from
    ------------
    The paper, whose epsilon inside the root and outside of it are one, 1e-8; these are the defaults
    of optax and of the authors' program. TensorFlow Addons has 1e-14 for both, and rectifies.

    References
    ----------
    Zhuang, Tang, Ding, Tatikonda, Dvornek, Papademetris and Duncan 2020, "AdaBelief Optimizer:
    Adapting Stepsizes by the Belief in Observed Gradients", arXiv:2010.07468.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = AdaBelief(learning_rate=0.9)
    >>> _ = optimizer.apply_gradients([(tf.constant([1.0, -2.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.0, 0.0]
    """

    Config = AdaBeliefConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.momentum = self.add_slot("momentum")
        self.variance = self.add_slot("variance", real=True)
        if self.config.amsgrad:
            self.variance_max = self.add_slot("variance_max", real=True)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        m, s = self.momentum[variable], self.variance[variable]
        beta_1, beta_2 = self.scalar(self.config.beta_1, m), self.scalar(self.config.beta_2, s)
        gradient = numerics.limited(gradient, terms=4)  # of which one is a difference
        m.assign_add((gradient - m) * (1 - beta_1))
        # `m` reads its new value, as in the paper, which takes the difference from the updated average.
        square = numerics.squared_magnitude(gradient - m)
        s.assign_add((square - s) * (1 - beta_2) + self.config.epsilon_root)
        if self.config.amsgrad:
            largest = self.variance_max[variable]
            largest.assign(tf.maximum(largest, s))
            s = largest
        correction_1, correction_2, factor = self.once(self._corrections, s)
        m_hat = m * (self.rate(variable) / tf.cast(correction_1, m.dtype))
        update = m_hat / tf.cast(tf.sqrt(s / correction_2) + self.config.epsilon, m.dtype)
        if factor is not None:
            update = numerics.where(factor > 0, update * tf.cast(factor, m.dtype), m_hat)
        variable.assign_sub(update)

    def _corrections(self, dtype: DType) -> tuple[Tensor, Tensor, Tensor]:
        beta_1, beta_2 = self.config.beta_1, self.config.beta_2
        factor = None
        if self.config.rectify:
            factor = rectification(self, beta_2, self.config.sma_threshold, dtype)
        return self.bias_correction(beta_1, dtype), self.bias_correction(beta_2, dtype), factor
