"""Adamax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import DType, Optimizer, Tensor, Variable, Working, numerics

from .config import AdamaxConfig

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Adam with the infinity norm in place of the second moment.

    With ``t = iterations + 1``::

        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        infinity_norm <- max(beta_2 * infinity_norm, |gradient|)
        rate          =  learning_rate / (1 - beta_1^t)
        variable      <- variable - rate * momentum / (infinity_norm + epsilon)

    State: the slots `momentum` and `infinity_norm`, which is real for complex variables, too.

    Differs from
    ------------
    The paper, which has no epsilon; with ``epsilon=0`` this is the paper's, and an element that
    never had a gradient stays as it is. optax has epsilon inside the maximum.

    References
    ----------
    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", section 7.1, arXiv:1412.6980.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = Adamax(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.5, -0.5]
    """

    Config: ClassVar[type[AdamaxConfig]] = AdamaxConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.momentum = self.add_slot("momentum")
        self.infinity_norm = self.add_slot("infinity_norm", real=True)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        m, norm = self.momentum[variable], self.infinity_norm[variable]
        gradient = numerics.limited(gradient, power=1)
        beta_1, beta_2 = self.scalar(self.config.beta_1, m), self.scalar(self.config.beta_2, norm)
        m.assign_add((gradient - m) * (1 - beta_1))
        norm.assign(tf.maximum(beta_2 * norm, tf.abs(gradient)))
        rate = self.rate(variable) / self.once(self._correction, variable)
        # With an epsilon of 0, as in the paper, an element that never had a gradient is 0 / 0.
        divisor = tf.cast(norm + self.config.epsilon, variable.dtype)
        variable.assign_sub(tf.math.divide_no_nan(m * rate, divisor))

    def _correction(self, dtype: DType) -> Tensor:
        return self.bias_correction(self.config.beta_1, dtype)
