"""Exponential moving average of the variables."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, Variable, Working, hookimpl, numerics

from .configs.ema import EMAConfig

__all__ = ["EMA"]


class EMA(Processor):
    """Exponential moving average of every variable.

    ``average <- momentum * average + (1 - momentum) * variable`` after each step, for every
    variable the optimizer was built with, whether it had a gradient or not. The average starts as
    a copy of the variable. With `overwrite_frequency` the variables take the value of their
    averages at every so many steps; at the end of training
    ``optimizer.finalize_variable_values(variables)`` does so. The state is the slot ``average``:
    ``ema.average[variable]``. It has the variable's dtype: in bfloat16, where a number has three
    digits, a `momentum` of 0.99 moves it only by steps of some 20 % and more of its value.
    A `momentum` of 1 keeps the initial values for ever, 0 averages nothing.

    Raises
    ------
    ConfigError
        If `momentum` is outside [0, 1] or `overwrite_frequency` below 1.

    References
    ----------
    Polyak and Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging".

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable(2.0)
    >>> average = EMA(momentum=0.5, overwrite_frequency=3)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[average])
    >>> for _ in range(3):
    ...     _ = optimizer.apply_gradients([(tf.constant(1.0), variable)])
    ...     print(variable.numpy(), average.average[variable].numpy())
    1.0 1.5
    0.0 0.75
    -0.125 -0.125
    """

    Config = EMAConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the averages."""
        super().build(variables)
        self.average = self.add_slot("average", initial="variable")

    @hookimpl
    def post_step(self, step: Step) -> None:
        """Move each average towards its variable, and overwrite the variables when it is time."""
        frequency = self.config.overwrite_frequency
        for variable in step.every_variable:
            average = self.average[variable]
            momentum = step.scalar(self.config.momentum, variable)
            if frequency is None:
                average.assign(_moved(average, variable, momentum))
                continue
            due = tf.equal((step.iteration + 1) % frequency, 0)
            # With the average that has this step in it, as in Keras. The variable comes first, or XLA would
            # write what it was before to memory, for both formulas.
            variable.assign(numerics.where(due, _moved(average, variable, momentum), variable))
            average.assign(numerics.where(due, variable, _moved(average, variable, momentum)))

    @hookimpl
    def finalize(self, step: Step) -> None:
        """Put the averages into the variables."""
        for variable in step.variables:
            variable.assign(self.average[variable])


def _moved(average: Working, variable: Working, momentum: Tensor) -> Tensor:
    return average + (variable - average) * (1 - momentum)
