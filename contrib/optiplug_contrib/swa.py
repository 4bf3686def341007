"""Stochastic weight averaging."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import DType, Processor, Step, Tensor, Variable, hookimpl, numerics

from .configs.swa import SWAConfig

__all__ = ["SWA"]


class SWA(Processor):
    """Stochastic weight averaging: the mean of each variable over some of the steps.

    After step `start_averaging`, counted from 1, and every `average_period` steps from there on::

        count   <- count + 1
        average <- average + (variable - average) / count

    for every variable the optimizer was built with, whether it had a gradient or not. Training is
    not changed. ``optimizer.averaged_weights()`` evaluates with the averages, and at the end of
    training ``optimizer.finalize_variable_values(variables)`` assigns them; as long as `count` is
    0 both leave the variables as they are. The paper lets the learning rate be high and constant,
    or cyclic with this period, while it averages.

    With `start_averaging` 0 the first value is averaged after one period. State: the slot ``average``
    and the number ``count``. A variable that appears late counts with its first value for the steps
    before.

    Raises
    ------
    ConfigError
        If `start_averaging` is below 0 or `average_period` below 1.

    References
    ----------
    Izmailov, Podoprikhin, Garipov, Vetrov and Wilson 2018, "Averaging Weights Leads to Wider Optima
    and Better Generalization", arXiv:1803.05407.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable(4.0)
    >>> swa = SWA(start_averaging=2, average_period=1)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[swa])
    >>> for _ in range(3):
    ...     _ = optimizer.apply_gradients([(tf.constant(1.0), variable)])
    ...     print(variable.numpy(), swa.average[variable].numpy())
    3.0 4.0
    2.0 2.0
    1.0 1.5
    """

    Config = SWAConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the averages, and the count of what is in them."""
        super().build(variables)
        self.average = self.add_slot("average", initial="variable")
        self.count = self.add_state("count", dtype="int64")

    @hookimpl
    def post_step(self, step: Step) -> None:
        """Take the variables into their averages, when it is time."""
        beyond = step.iteration + 1 - self.config.start_averaging
        due = tf.logical_and(beyond >= 0, tf.equal(beyond % self.config.average_period, 0))
        first = tf.equal(self.count.value, 0)
        self.count.assign_add(tf.cast(due, "int64"))
        for variable in step.every_variable:
            average, weight = self.average[variable], step.once(self._weight, variable)
            # The first time it becomes the variable exactly, whatever it started from.
            before = numerics.where(first, variable, average)
            average.assign(numerics.where(due, before + (variable - before) * weight, average))

    def _weight(self, dtype: DType) -> Tensor:
        return 1 / tf.cast(tf.maximum(self.count.value, 1), dtype)

    @hookimpl
    def finalize(self, step: Step) -> None:
        """Put the averages into the variables, if there are any."""
        begun = self.count.value > 0
        for variable in step.variables:
            variable.assign(numerics.where(begun, self.average[variable], variable))
