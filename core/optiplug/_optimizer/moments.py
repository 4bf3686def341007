"""The first and second moment of the gradient, which Adam and its variants share."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import tensorflow as tf

from optiplug import numerics
from optiplug._types import DType, Tensor, Variable
from optiplug._variables.capture import Working

from .optimizer import Optimizer

__all__ = ["Moments"]


class Moments(Optimizer, abc.ABC):
    """Base of optimizers that keep the first two moments of the gradient, as Adam does.

    With ``t = iterations + 1``, the slots `momentum` and `second_moment`, zero at first, become::

        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        second_moment <- beta_2 * second_moment + (1 - beta_2) * |gradient|^2

    Gradients are `numerics.limited` to about 9e18 there, as float32 has no room for larger squares. The
    second moment of a complex variable is real. A subclass has `beta_1` and `beta_2` in its config,
    and writes `update_step`.

    Raises
    ------
    ConfigError
        If a hyperparameter breaks a rule of the config.

    Examples
    --------
    >>> import optiplug, tensorflow as tf
    >>> class SignConfig(optiplug.OptimizerConfig):
    ...     beta_1: optiplug.BelowOneScalar = 0.5
    ...     beta_2: optiplug.BelowOneScalar = 0.5
    >>> class SignOfMoments(optiplug.Moments):
    ...     Config = SignConfig
    ...     def update_step(self, gradient, variable):
    ...         m, v = self.update_moments(gradient, variable)
    ...         variable.assign_sub(m / tf.sqrt(v))
    >>> SignConfig.implementation = SignOfMoments
    >>> weight = tf.Variable([2.0, 3.0])
    >>> optimizer = SignOfMoments()
    >>> _ = optimizer.apply_gradients([(tf.constant([2.0, 4.0]), weight)])
    >>> optimizer.momentum[weight].numpy().tolist(), optimizer.second_moment[weight].numpy().tolist()
    ([1.0, 2.0], [2.0, 8.0])
    """

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the slots `momentum` and `second_moment`."""
        super().build(var_list)
        self.momentum = self.add_slot("momentum")
        self.second_moment = self.add_slot("second_moment", real=True)

    def update_moments(self, gradient: Tensor, variable: Working) -> tuple[Working, Working]:
        """Update both moments of one variable with this gradient, and return them: ``(first, second)``."""
        return self.update_first_moment(gradient, variable), self.update_second_moment(gradient, variable)

    def update_first_moment(self, gradient: Tensor, variable: Working) -> Working:
        """Update the first moment of one variable with this gradient, at decay rate `beta_1`."""
        moment: Working = self.momentum[variable]
        weight, _ = self.once(self.moment_weights, variable)
        # One product for each element; `beta * m + (1 - beta) * g` takes two.
        moment.assign_add((numerics.limited(gradient) - moment) * weight)
        return moment

    def update_second_moment(self, gradient: Tensor, variable: Working) -> Working:
        """Update the second moment of one variable with this gradient, at decay rate `beta_2`."""
        moment: Working = self.second_moment[variable]
        _, weight = self.once(self.moment_weights, moment)
        moment.assign_add((numerics.squared_magnitude(numerics.limited(gradient)) - moment) * weight)
        return moment

    def moment_weights(self, dtype: DType) -> tuple[Tensor, Tensor]:
        """Return ``(1 - beta_1, 1 - beta_2)``, the scalars that a gradient counts with in the moments."""
        return 1 - self.scalar(self.config.beta_1, dtype), 1 - self.scalar(self.config.beta_2, dtype)

    def bias_corrections(self, dtype: DType) -> tuple[Tensor, Tensor]:
        """Return ``(1 - beta_1^t, 1 - beta_2^t)``, the scalars that the moments are divided by."""
        one, two = self.config.beta_1, self.config.beta_2
        return self.bias_correction(one, dtype), self.bias_correction(two, dtype)

    def adam_correction(self, dtype: DType) -> Tensor:
        """Return ``sqrt(1 - beta_2^t) / (1 - beta_1^t)``, the scalar that corrects ``m / sqrt(v)``."""
        # Traced once for all variables: tracing is linear in operations (docs/design/performance.md).
        correction_1, correction_2 = self.once(self.bias_corrections, dtype)
        return tf.sqrt(correction_2) / correction_1
