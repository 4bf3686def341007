"""Nadam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import DType, Moments, Tensor, Variable, Working, numerics

from .config import NadamConfig

__all__ = ["Nadam"]

_DECAY = 0.96  # as in Keras, with the one half below


class Nadam(Moments):
    """Adam with Nesterov momentum, whose coefficient warms up.

    With ``t = iterations + 1`` and ``mu(t) = beta_1 * (1 - 0.96^t / 2)``::

        product       <- product * mu(t)
        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradient^2
        ahead         =  mu(t + 1) * momentum / (1 - product * mu(t + 1))
                         + (1 - mu(t)) * gradient / (1 - product)
        root          =  sqrt(second_moment / (1 - beta_2^t))
        variable      <- variable - learning_rate * ahead / (root + epsilon)

    State: the slots `momentum` and `second_moment`, and the scalar `momentum_product`, 1 at the
    start: float64 if a variable is when the optimizer is built, float32 otherwise. For complex
    variables ``gradient^2`` is ``|gradient|^2``, and `second_moment` is real.

    Differs from
    ------------
    Keras 2.15, whose checkpoints have no product, so that a resumed run starts it anew. The paper,
    whose momentum is decayed by mu(t) and not by beta_1. torch, which raises 0.96 to 0.004 t, so
    that the coefficient warms up over a thousand steps, not a hundred. optax, where it is constant.

    References
    ----------
    Dozat 2016, "Incorporating Nesterov Momentum into Adam", ICLR workshop.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = Nadam(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> print(variable.numpy().round(4))
    [ 0.4686 -0.4686]
    """

    Config: ClassVar[type[NadamConfig]] = NadamConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state."""
        super().build(var_list)
        # A product over all steps, in which half precision would pile up rounding errors.
        dtype = numerics.widest_dtype(var_list)
        self.momentum_product = self.add_state("momentum_product", dtype=dtype, initial=1.0)

    def update_variables(self, gradients: Sequence[Tensor], variables: Sequence[Working]) -> None:
        """Advance the product, once for all variables, and apply the gradients."""
        # Not in `update_step`, which runs for each variable, and would multiply as often.
        self.momentum_product.assign(self.momentum_product * self._weight(1, self.momentum_product.dtype))
        super().update_variables(gradients, variables)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        gradient = numerics.limited(gradient)
        m, v = self.update_moments(gradient, variable)
        factors = self.once(self._factors, v)
        of_momentum, of_gradient, epsilon = (tf.cast(each, variable.dtype) for each in factors)
        ahead = of_momentum * m + of_gradient * gradient
        root = tf.cast(tf.sqrt(v), variable.dtype) + epsilon
        variable.assign_sub(tf.math.divide_no_nan(self.rate(variable) * ahead, root))

    def _factors(self, dtype: DType) -> tuple[Tensor, Tensor, Tensor]:
        """Return the factors of momentum and gradient, and epsilon, all times the root of v's correction.

        So v itself, which has many elements, needs no correction.
        """
        product = tf.cast(self.momentum_product, dtype)
        now, following = self._weight(1, dtype), self._weight(2, dtype)
        root = tf.sqrt(self.bias_correction(self.config.beta_2, dtype))
        of_momentum = root * following / (1 - product * following)
        return of_momentum, root * (1 - now) / (1 - product), root * self.config.epsilon

    def _weight(self, ahead: int, dtype: DType) -> Tensor:
        """Return the Nesterov coefficient of the step so far ahead of the last one."""
        t = tf.cast(self.iterations + ahead, dtype)
        return self.scalar(self.config.beta_1, dtype) * (1 - 0.5 * tf.pow(tf.constant(_DECAY, dtype), t))
