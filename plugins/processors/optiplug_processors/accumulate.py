"""Gradient accumulation."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, Variable, Working, hookimpl, numerics

from .configs.accumulate import AccumulateConfig

__all__ = ["Accumulate"]


class Accumulate(Processor):
    """Gradient accumulation: one step for the gradients of several calls.

    Of `steps` calls the first only add their gradients to the slot ``sum``; the last makes the
    step with ``sum / steps`` (`reduction` ``"mean"``, the default) or ``sum`` (``"sum"``), and
    the slot starts again at 0. Schedules, averages and `iterations` count steps, not calls, and
    clipping sees the accumulated gradient once. The sums are held in float32, or in float64 for
    double precision. With `steps` 1 no operation is added.

    A variable without a gradient in the last of the calls is left alone by that step and keeps
    what it has accumulated for the next one.

    Raises
    ------
    ConfigError
        If `steps` is below 1 or `reduction` is unknown.

    References
    ----------
    Ott, Edunov, Grangier and Auli 2018, "Scaling Neural Machine Translation", arXiv:1806.00187.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable(0.0)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[Accumulate(2)])
    >>> for gradient in (1.0, 3.0):
    ...     _ = optimizer.apply_gradients([(tf.constant(gradient), variable)])
    ...     print(variable.numpy(), optimizer.iterations.numpy())
    0.0 0
    -2.0 1
    """

    Config = AccumulateConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the sums and the count of calls since the last step."""
        super().build(variables)
        self.sum = self.add_slot("sum", dtype=lambda variable: numerics.compute_dtype(variable.dtype))
        # A count of its own: `iterations` counts committed steps only.
        self.count = self.add_state("count", dtype="int64")

    @property
    def idle(self) -> bool:
        """Whether every call is a step."""
        return bool(self.config.steps == 1)

    @hookimpl
    def gate(self, gradients: Sequence[Tensor], step: Step) -> tuple[list[Tensor], Tensor]:
        """Add up, and go on at the last of the calls."""
        count = self.count + 1
        last = tf.equal(count, self.config.steps)
        self.count.assign(numerics.where(last, tf.zeros_like(count), count))
        pairs = zip(gradients, step.variables, strict=True)
        return [self._added(gradient, variable, last) for gradient, variable in pairs], last

    def _added(self, gradient: Tensor, variable: Working, last: Tensor) -> Tensor:
        held = self.sum[variable]
        total = held + tf.cast(gradient, held.dtype)
        # Chosen by value, not by `tf.cond`: the gate is one compiled function for both cases.
        held.assign(numerics.where(last, tf.zeros_like(total), total))
        # Once, of the sum: dividing each gradient would round as often as there are calls.
        if self.config.reduction == "mean":
            total = total / self.config.steps
        return tf.cast(total, gradient.dtype)
