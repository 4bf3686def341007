"""MADGRAD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import DType, Optimizer, Tensor, Variable, Working, numerics

from .configs.madgrad import MADGRADConfig

__all__ = ["MADGRAD"]


class MADGRAD(Optimizer):
    """Momentumized dual averaging, adaptive by cube roots of squared gradients.

    With ``t = iterations + 1`` and `start`, the variable before the first step::

        weight      =  learning_rate * sqrt(t)
        sum         <- sum + weight * gradient
        squared_sum <- squared_sum + weight * gradient^2
        proposed    =  start - sum / (cbrt(squared_sum) + epsilon)
        variable    <- momentum * variable + (1 - momentum) * proposed

    Decoupled weight decay shrinks the variable, but not `start` and `sum`, which pull the variable
    back; the paper adds decay to the gradient, which the processor ``l2`` does. The best decay is
    smaller than elsewhere, often 0.

    State: the slots `start`, a copy of the variable in its own dtype whatever `state_dtype`, `sum`
    and `squared_sum`. For complex variables ``gradient^2`` is ``|gradient|^2``, and `squared_sum` is
    real.

    Differs from
    ------------
    The authors' code and optax, which add `epsilon` to the learning rate as well.

    References
    ----------
    Defazio and Jelassi 2021, "Adaptivity without Compromise: A Momentumized, Adaptive, Dual
    Averaged Gradient Method for Stochastic Optimization", arXiv:2101.11075.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = MADGRAD(learning_rate=0.125, momentum=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([1.0, -8.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.875, -0.75]
    """

    Config: ClassVar[type[MADGRADConfig]] = MADGRADConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        # Exact: every step starts from it, so its rounding errors would be those of the variable.
        self.start = self.add_slot("start", initial="variable", exact=True)
        self.sum = self.add_slot("sum")
        self.squared_sum = self.add_slot("squared_sum", real=True)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        total, squares = self.sum[variable], self.squared_sum[variable]
        gradient = numerics.limited(gradient, terms=2**40)  # a sum weighted by the root of the step
        weight = self.rate(variable) * self.once(self._root, variable)
        total.assign_add(weight * gradient)
        squares.assign_add(tf.math.real(weight) * numerics.squared_magnitude(gradient))
        divisor = _cube_root(squares) + self.config.epsilon
        # The way to the point of dual averaging, not the point: it may be small beside the variable.
        way = self.start[variable] - variable.old - total / tf.cast(divisor, variable.dtype)
        momentum = self.scalar(self.config.momentum, variable)
        # From its value before weight decay, so that the momentum does not weaken the decay.
        variable.assign_add(way * (1 - momentum))

    def _root(self, dtype: DType) -> Tensor:
        return tf.sqrt(tf.cast(self.iterations + 1, dtype))


def _cube_root(x: Tensor) -> Tensor:
    # XLA on a CPU takes a power four times as long. The logarithm of 0 is infinite even if it is not chosen.
    positive = tf.greater(x, 0)
    return tf.where(positive, tf.exp(tf.math.log(tf.where(positive, x, 1)) / 3), 0)
