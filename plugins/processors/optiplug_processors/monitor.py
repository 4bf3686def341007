"""Norms to watch while training."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, Variable, hookimpl, numerics

from .configs.monitor import MonitorConfig

__all__ = ["Monitor"]


class Monitor(Processor):
    """Record the norms of gradients, updates and variables at each step.

    Three scalars hold the values of the last committed step (float32, float64 if any variable is
    in double precision; 0 before the first step), each the global norm ``sqrt(sum of |x|^2)``
    over the selected variables:

    ``gradient_norm``
        of the gradients, 0 if there are none, as they are at this processor's place in the list:
        before a clip that is listed after it, after a clip that is listed before it. The clip
        keywords of an optimizer come after everything listed.
    ``update_norm``
        of the whole change of all variables, new minus old: decay, update and constraint, and the
        overwriting by an average that is listed before.
    ``variable_norm``
        of the new values of all variables.

    To watch both sides of a clip, list two with different `name`. Nothing but these scalars is
    changed. `update_norm` needs the old values beside the new ones, which costs one copy of the
    variables per step.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable, monitor = tf.Variable([3.0, 4.0]), Monitor()
    >>> optimizer = optiplug.create("sgd", learning_rate=0.5, processors=[monitor])
    >>> _ = optimizer.apply_gradients([(tf.constant([3.0, 4.0]), variable)])
    >>> print(monitor.gradient_norm.numpy(), monitor.update_norm.numpy(), monitor.variable_norm.numpy())
    5.0 2.5 2.5
    """

    Config = MonitorConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the three scalars."""
        super().build(variables)
        self.gradient_norm = self.add_state("gradient_norm", dtype=tf.float64)
        self.update_norm = self.add_state("update_norm", dtype=tf.float64)
        self.variable_norm = self.add_state("variable_norm", dtype=tf.float64)

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Record the norm of the gradients, which pass unchanged."""
        self.gradient_norm.assign(numerics.global_norm(gradients, tf.float64))
        return gradients

    @hookimpl
    def post_step(self, step: Step) -> None:
        """Record the norms of the change and of the new values."""
        if not step.variables:  # then there was no `clip` to say so
            self.gradient_norm.assign(0.0)
        # A read of the old values keeps a copy of them: only of what changes.
        changes = [each - each.old for each in step.every_variable if each.assigned]
        self.update_norm.assign(numerics.global_norm(changes, tf.float64) if changes else 0.0)
        self.variable_norm.assign(numerics.global_norm(step.every_variable, tf.float64))
