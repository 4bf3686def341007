"""Yogi."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import DType, Optimizer, Tensor, Variable, Working, numerics

from .configs.yogi import YogiConfig

__all__ = ["Yogi"]


class Yogi(Optimizer):
    """Adam with an additive update of the second moment.

    With ``t = iterations + 1``::

        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        second_moment <- second_moment - (1 - beta_2) * sign(second_moment - gradient^2) * gradient^2
        m_hat = momentum / (1 - beta_1^t)
        v_hat = second_moment / (1 - beta_2^t)
        variable <- variable - learning_rate * m_hat / (sqrt(v_hat) + epsilon)

    Adam's second moment changes by the difference of the two, and so forgets a large gradient faster
    than this one does.

    State: the slots `momentum`, zero at first, and `second_moment`, `initial_accumulator_value` at
    first. For complex variables ``gradient^2`` is ``|gradient|^2``, and `second_moment` is real.

    Differs from
    ------------
    The paper, which has no bias corrections and takes the first second moment from a large batch.
    optax, whose momentum starts at 1e-6 as well, so that a gradient of zero moves the variables.
    TensorFlow Addons, where epsilon is added before the bias correction of the second moment.

    References
    ----------
    Zaheer, Reddi, Sachan, Kale and Kumar 2018, "Adaptive Methods for Nonconvex Optimization",
    Advances in Neural Information Processing Systems 31.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = Yogi(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([10.0, -20.0]), variable)])
    >>> variable.numpy().round(3).tolist()
    [0.5, -0.5]
    """

    Config = YogiConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.momentum = self.add_slot("momentum")
        initial = self.config.initial_accumulator_value
        self.second_moment = self.add_slot("second_moment", initial=initial, real=True)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        m, v = self.momentum[variable], self.second_moment[variable]
        gradient = numerics.limited(gradient)
        beta_1, beta_2 = self.scalar(self.config.beta_1, m), self.scalar(self.config.beta_2, v)
        square = numerics.squared_magnitude(gradient)
        m.assign_add((gradient - m) * (1 - beta_1))
        v.assign_sub(tf.sign(v - square) * square * (1 - beta_2))
        correction_1, correction_2 = self.once(self._corrections, v)
        rate = self.rate(variable) / tf.cast(correction_1, m.dtype)
        root = tf.sqrt(v / correction_2) + self.config.epsilon
        variable.assign_sub(m * rate / tf.cast(root, m.dtype))

    def _corrections(self, dtype: DType) -> tuple[Tensor, Tensor]:
        return tuple(self.bias_correction(beta, dtype) for beta in (self.config.beta_1, self.config.beta_2))
