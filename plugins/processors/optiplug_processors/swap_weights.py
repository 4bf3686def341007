"""Averages that change places with their variables."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import DType, Processor, Step, Tensor, Variable, hookimpl, numerics

from .configs.swap_weights import SwapWeightsConfig

__all__ = ["SwapWeights"]


class SwapWeights(Processor):
    """Exponential moving average of every variable, exchanged with it at the end.

    ::

        average <- variable                                          iteration < start_step
        average <- momentum * average + (1 - momentum) * variable    from then on

    after each step, for every variable the optimizer was built with. With `dynamic_decay` the
    `momentum` is ``min(momentum, (1 + t) / (10 + t))``, `t` being the steps since `start_step`.
    ``optimizer.finalize_variable_values(variables)`` puts the averages into the variables and the
    variables into the slot ``average``; called again, it takes that back, bit for bit. Do not
    train in between: the step would go on from the average. (`ema` overwrites the variables, which
    is for the end of training.) The average starts as a copy of the variable.

    Raises
    ------
    ConfigError
        If `momentum` is outside [0, 1] or `start_step` below 0.

    Differs from
    ------------
    `ExponentialMovingAverage` of the TensorFlow Model Garden, which exchanges by a sum and two
    differences, so that going there and back changes the last digits.

    References
    ----------
    Polyak and Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging".

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable, swap = tf.Variable(2.0), SwapWeights(momentum=0.5)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[swap])
    >>> _ = optimizer.apply_gradients([(tf.constant(1.0), variable)])
    >>> for _ in range(2):
    ...     optimizer.finalize_variable_values([variable])
    ...     print(variable.numpy(), swap.average[variable].numpy())
    1.5 1.0
    1.0 1.5
    """

    Config = SwapWeightsConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the averages."""
        super().build(variables)
        self.average = self.add_slot("average", initial="variable")

    @hookimpl
    def post_step(self, step: Step) -> None:
        """Move each average towards its variable."""
        weights: dict[DType, Tensor] = {}
        for variable in step.every_variable:
            dtype = numerics.scalar_dtype(variable.dtype)
            if dtype not in weights:
                weights[dtype] = self._weight(step, dtype)
            average = self.average[variable]
            moved = average + (variable - average) * tf.cast(weights[dtype], variable.dtype)
            if self.config.start_step:
                # The sum above is not the variable to the last bit even where the weight is 1.
                started = tf.greater_equal(step.iteration, self.config.start_step)
                moved = numerics.where(started, moved, variable)
            average.assign(moved)

    @hookimpl
    def finalize(self, step: Step) -> None:
        """Exchange each variable with its average."""
        for variable in step.variables:
            average = self.average[variable]
            # A tensor, not the variable: that would read what is assigned next.
            trained = variable.value
            variable.assign(average)
            average.assign(trained)

    def _weight(self, step: Step, dtype: DType) -> Tensor:
        """Return the weight of the new value in an average."""
        weight = 1 - step.scalar(self.config.momentum, dtype)
        if not self.config.dynamic_decay:
            return weight
        since = tf.maximum(step.iteration - self.config.start_step, 0)
        # 1 - (1 + t) / (10 + t), which in float32 has lost all digits after some million steps.
        return tf.maximum(weight, 9 / tf.cast(10 + since, dtype))
