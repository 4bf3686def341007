"""Lookahead."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Variable, hookimpl, numerics

from .configs.lookahead import LookaheadConfig

__all__ = ["Lookahead"]


class Lookahead(Processor):
    """Slow weights that interpolate towards the variables and replace them.

    The optimizer takes its steps as without it. At every `sync_period` of them::

        slow     <- slow + slow_step_size * (variable - slow)
        variable <- slow

    for every variable the optimizer was built with, whether it had a gradient in that step or not.
    The slow weights start as a copy of the variable at `build`; the state of the optimizer stays
    as it is. The algorithm results in the slow weights: ``optimizer.averaged_weights()`` and
    ``optimizer.finalize_variable_values(variables)`` assign them.

    State: the slot ``slow``, ``lookahead.slow[variable]``.

    Raises
    ------
    ConfigError
        If `sync_period` is below 1 or `slow_step_size` outside [0, 1].

    Differs from
    ------------
    The paper, whose period is 5 or 10; that of 6 is TensorFlow Addons'.

    References
    ----------
    Zhang, Lucas, Hinton and Ba 2019, "Lookahead Optimizer: k steps forward, 1 step back",
    arXiv:1907.08610.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable(4.0)
    >>> lookahead = Lookahead(sync_period=2)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[lookahead])
    >>> for _ in range(3):
    ...     _ = optimizer.apply_gradients([(tf.constant(1.0), variable)])
    ...     print(variable.numpy(), lookahead.slow[variable].numpy())
    3.0 4.0
    3.0 3.0
    2.0 3.0
    """

    Config = LookaheadConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the slow weights."""
        super().build(variables)
        self.slow = self.add_slot("slow", initial="variable")

    @hookimpl
    def post_step(self, step: Step) -> None:
        """Move the slow weights and return to them, when it is time."""
        due = tf.equal((step.iteration + 1) % self.config.sync_period, 0)
        # Every variable, as one without a gradient in this step has moved since the last synchronization.
        for variable in step.every_variable:
            slow = self.slow[variable]
            size = step.scalar(self.config.slow_step_size, variable)
            # The variable comes first, or XLA would write what it was before to memory, for both formulas.
            variable.assign(numerics.where(due, slow + (variable - slow) * size, variable))
            slow.assign(numerics.where(due, variable, slow))

    @hookimpl
    def finalize(self, step: Step) -> None:
        """Put the slow weights into the variables."""
        for variable in step.variables:
            variable.assign(self.slow[variable])
