"""A copy of the variables on the side."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Variable, hookimpl, numerics

from .configs.snapshot import SnapshotConfig

__all__ = ["Snapshot"]


class Snapshot(Processor):
    """Keep a copy of every variable, renewed periodically.

    ``snapshot <- variable`` after steps `period`, ``2 * period`` and so on, for every variable the
    optimizer was built with; before the first of them it holds the initial value. Nothing else
    changes: what to do with the copy, such as to go back to it when a loss explodes, is the
    caller's, who reads ``snapshot.snapshot[variable]``. The number of steps after which it was
    taken is in ``iteration`` (int64). Both are saved with the optimizer. A step moves as many bytes as
    one with an average, also between two copies.

    Raises
    ------
    ConfigError
        If `period` is below 1.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable, kept = tf.Variable(0.0), Snapshot(period=2)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[kept])
    >>> for _ in range(3):
    ...     _ = optimizer.apply_gradients([(tf.constant(1.0), variable)])
    >>> print(variable.numpy(), kept.snapshot[variable].numpy(), kept.iteration.numpy())
    -3.0 -2.0 2
    >>> _ = variable.assign(kept.snapshot[variable].value)
    """

    Config = SnapshotConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the copies and the number of steps they were taken after."""
        super().build(variables)
        self.snapshot = self.add_slot("snapshot", initial="variable")
        self.iteration = self.add_state("iteration", dtype="int64")

    @hookimpl
    def post_step(self, step: Step) -> None:
        """Renew the copies when it is time."""
        steps = step.iteration + 1
        due = tf.equal(steps % self.config.period, 0)
        self.iteration.assign(tf.where(due, steps, self.iteration))
        for variable in step.every_variable:
            copy = self.snapshot[variable]
            copy.assign(numerics.where(due, variable, copy))
