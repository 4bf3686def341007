"""Prodigy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import DType, Moments, Tensor, Variable, Working, numerics

from .configs.prodigy import ProdigyConfig
from .parameter_free import FARTHEST, ParameterFree, total

__all__ = ["Prodigy"]


class Prodigy(ParameterFree, Moments):
    """Adam with a learning rate estimated from the distance to the initial point.

    `distance` is a lower bound of the distance from the initial point to the solution, which grows
    while gradients point back to the initial point. With ``t = iterations + 1`` and sums over all
    elements of all variables that have a gradient::

        rate          =  learning_rate * distance * sqrt(1 - beta_2^t) / (1 - beta_1^t)
        numerator     <- beta_3 * numerator + distance / d0 * sum(rate * gradient * (initial - variable))
        gradient_sum  <- beta_3 * gradient_sum + distance / d0 * rate * gradient
        momentum      <- beta_1 * momentum + (1 - beta_1) * distance * gradient
        second_moment <- beta_2 * second_moment + (1 - beta_2) * distance^2 * gradient^2
        distance      <- max(distance, d_coef * numerator / sum(|gradient_sum|))
        variable      <- variable - rate * weight_decay * variable
                         - rate * momentum / (sqrt(second_moment) + epsilon * distance)

    `rate` holds the distance from before the step. Without `bias_correction` its last factor is 1;
    with `safeguard_warmup` the distance stands for `rate` in the line of `gradient_sum`.

    State: the slots `momentum`, `second_moment`, `gradient_sum` and `initial`, a copy of the
    variable, and the shared scalars `distance` and `numerator`. Use it with variables in float32 at
    least: the first steps are of the size of `d0`, which half precision cannot see. Variables must
    be real.

    Differs from
    ------------
    The paper, in that the distance beside epsilon is the new one, and that the sums are divided by
    `d0` and not multiplied by ``1 - beta_3``, which leaves their quotient as it is: as in the
    authors' code and in optax. The authors correct the bias on demand only. Other optimizers, in
    that `weight_decay` is multiplied by all of `rate` and not by the learning rate alone. optax, in
    that gradients that are all zero leave the distance as it is.

    References
    ----------
    Mishchenko and Defazio 2023, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner",
    arXiv:2306.06101.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = Prodigy(d0=0.25)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.75, -0.75]
    """

    Config: ClassVar[type[ProdigyConfig]] = ProdigyConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state."""
        super().build(var_list)
        self.gradient_sum = self.add_slot("gradient_sum")
        # Exact: the variable is subtracted from it, and in a rounded copy small distances would drown.
        self.initial = self.add_slot("initial", initial="variable", exact=True)
        self.distance = self.add_number("distance", var_list, self.config.d0)
        self.numerator = self.add_number("numerator", var_list)

    def update_variables(self, gradients: Sequence[Tensor], variables: Sequence[Working]) -> None:
        """Update the estimate of the distance, then each variable."""
        # They are multiplied by the distance before they are squared.
        dtype, gradients = self.distance.dtype, [numerics.limited(each, terms=2**40) for each in gradients]
        pairs = list(zip(gradients, variables, strict=True))
        product = total([self._back(gradient, variable) for gradient, variable in pairs], dtype)
        # All sums first: the new distance, which every variable's update needs, is a quotient of them.
        for gradient, variable in pairs:
            self._add_gradient(gradient, variable)
        size = total([tf.abs(self.gradient_sum[variable].value) for variable in variables], dtype)
        self.numerator.assign(self.numerator * self.once(self._beta_3, dtype) + product)
        estimate = tf.math.divide_no_nan(self.numerator.value, size) * self.scalar(self.config.d_coef, dtype)
        self.distance.assign(tf.maximum(self.distance, tf.minimum(estimate, FARTHEST)))
        super().update_variables(gradients, variables)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable; the distance has been updated."""
        before, _ = self.once(self._found, variable)
        rate = self._size(variable)
        m, v = self.update_moments(gradient * before, variable)
        epsilon = tf.cast(self.distance, variable.dtype) * self.config.epsilon
        variable.assign_sub(self.decay(variable, rate) + m * rate / (tf.sqrt(v) + epsilon))

    def _back(self, gradient: Tensor, variable: Working) -> Tensor:
        """Return the elements of the product of a gradient with the way back to the initial point."""
        weight = self._size(variable) * self.once(self._relative, variable)
        return gradient * weight * (self.initial[variable] - variable.old)

    def _add_gradient(self, gradient: Tensor, variable: Working) -> None:
        s = self.gradient_sum[variable]
        before, _ = self.once(self._found, variable)
        rate = before if self.config.safeguard_warmup else self._size(variable)
        s.assign(
            s * self.once(self._beta_3, variable) + gradient * (rate * self.once(self._relative, variable))
        )

    def _size(self, variable: Working) -> Tensor:
        """Return the step size of a variable, from the distance before this step."""
        return self.rate(variable) * self.once(self._found, variable)[1]

    def _found(self, dtype: DType) -> tuple[Tensor, Tensor]:
        """Return the distance, and that with bias corrections; first asked for before it changes."""
        distance = found = self.distance.value
        if self.config.bias_correction:
            found = found * self.adam_correction(found.dtype)
        return tf.cast(distance, dtype), tf.cast(found, dtype)

    def _relative(self, dtype: DType) -> Tensor:
        return self.once(self._found, dtype)[0] / self.config.d0

    def _beta_3(self, dtype: DType) -> Tensor:
        if self.config.beta_3 is None:
            return tf.sqrt(self.scalar(self.config.beta_2, dtype))
        return self.scalar(self.config.beta_3, dtype)
