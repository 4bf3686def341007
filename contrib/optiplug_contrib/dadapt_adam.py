"""Adam with D-Adaptation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import DType, Moments, Tensor, Variable, Working, numerics

from .configs.dadapt_adam import DAdaptAdamConfig
from .parameter_free import FARTHEST, ParameterFree, total

__all__ = ["DAdaptAdam"]


class DAdaptAdam(ParameterFree, Moments):
    """Adam with a learning rate estimated by D-Adaptation.

    `distance` is a lower bound of the distance from the initial point to the solution, which grows
    while gradients correlate with past steps. With ``t = iterations + 1``, sums over all
    elements of all variables that have a gradient, and ``keep = sqrt(beta_2)``::

        rate          =  learning_rate * distance * sqrt(1 - beta_2^t) / (1 - beta_1^t)
        numerator     <- keep * numerator
                         + (1 - keep) * sum(rate * gradient * gradient_sum / (sqrt(second_moment) + epsilon))
        gradient_sum  <- keep * gradient_sum + (1 - keep) * rate * gradient
        distance      <- max(distance, numerator / ((1 - keep) * sum(|gradient_sum|)))
        momentum      <- beta_1 * momentum + (1 - beta_1) * rate * gradient
        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradient^2
        variable      <- variable - rate * weight_decay * variable
                         - momentum / (sqrt(second_moment) + epsilon)

    `numerator` is formed of the state from before the step, and `rate` of the distance from before
    it. Without `bias_correction` the last factor of `rate` is 1.

    State: the slots `momentum`, `second_moment` and `gradient_sum` and the shared scalars
    `distance` and `numerator`. Variables must be real.

    Differs from
    ------------
    Other optimizers, in that `weight_decay` is multiplied by all of `rate` and not by the learning
    rate alone, as in the authors' code and in optax. From optax, in that gradients that are all
    zero leave the distance as it is.

    References
    ----------
    Defazio and Mishchenko 2023, "Learning-Rate-Free Learning by D-Adaptation", arXiv:2301.07733.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = DAdaptAdam(d0=0.25)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.75, -0.75]
    """

    Config: ClassVar[type[DAdaptAdamConfig]] = DAdaptAdamConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state."""
        super().build(var_list)
        self.gradient_sum = self.add_slot("gradient_sum")
        self.distance = self.add_number("distance", var_list, self.config.d0)
        self.numerator = self.add_number("numerator", var_list)

    def update_variables(self, gradients: Sequence[Tensor], variables: Sequence[Working]) -> None:
        """Update the numerator, each variable, and then the estimate of the distance."""
        # They are multiplied by the distance before they are squared.
        dtype, gradients = self.distance.dtype, [numerics.limited(each, terms=2**40) for each in gradients]
        pairs = zip(gradients, variables, strict=True)
        product = total([self._along(gradient, variable) for gradient, variable in pairs], dtype)
        take = self.once(self._take, dtype)
        self.numerator.assign_add((product - self.numerator) * take)
        super().update_variables(gradients, variables)
        size = total([tf.abs(self.gradient_sum[variable].value) for variable in variables], dtype)
        # Gradients that were all zero so far have found nothing: 0 / 0 keeps the distance.
        estimate = tf.math.divide_no_nan(self.numerator.value, take * size)
        self.distance.assign(tf.maximum(self.distance, tf.minimum(estimate, FARTHEST)))

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable; the numerator has been updated."""
        v, s = self.second_moment[variable], self.gradient_sum[variable]
        rate = self._size(variable)
        s.assign_add((gradient * rate - s) * self._after_numerator(self.once(self._take, variable)))
        m = self.update_first_moment(gradient * rate, variable)
        take = 1 - self.scalar(self.config.beta_2, variable)
        v.assign_add((tf.square(gradient) - v) * self._after_numerator(take))
        variable.assign_sub(self.decay(variable, rate) + m / (tf.sqrt(v) + self.config.epsilon))

    def _after_numerator(self, number: Tensor) -> Tensor:
        """Return a number as it is, in a way that waits for the numerator.

        The numerator is formed of old state. If the compiler saw no order between that and
        what is assigned to the state, it would copy it.
        """
        return tf.minimum(number, tf.maximum(number, tf.cast(self.numerator, number.dtype)))

    def _along(self, gradient: Tensor, variable: Working) -> Tensor:
        """Return the elements of the product of a gradient with the earlier ones."""
        v, s = self.second_moment[variable], self.gradient_sum[variable]
        return gradient / (tf.sqrt(v) + self.config.epsilon) * self._size(variable) * s

    def _size(self, variable: Working) -> Tensor:
        """Return the estimated step size of a variable."""
        return self.rate(variable) * self.once(self._found, variable)

    def _found(self, dtype: DType) -> Tensor:
        found = self.distance.value
        if self.config.bias_correction:
            found *= self.adam_correction(found.dtype)
        return tf.cast(found, dtype)

    def _take(self, dtype: DType) -> Tensor:
        """Return ``1 - keep``, the same number for all dtypes."""
        beta_2 = self.scalar(self.config.beta_2, self.distance.dtype)
        # 1 - sqrt(beta_2), without the loss of its digits where beta_2 is close to 1
        return tf.cast((1 - beta_2) / (1 + tf.sqrt(beta_2)), dtype)
