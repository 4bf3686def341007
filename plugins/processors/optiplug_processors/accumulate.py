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
    the slot starts again. Schedules, averages and `iterations` count steps, not calls, and
    clipping sees the accumulated gradient once. The sums are held in float32, or in float64 for
    double precision. With `steps` 1 no operation is added.

    The step is one for every variable that had a gradient in any of the calls, whichever it was; a
    call without one adds nothing, and the mean is over all `steps` calls. A variable that had none
    in all of them is left alone, with its state.

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
    accumulates = True

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the sums and the count of calls since the last step."""
        super().build(variables)
        # The sum of nothing is -0.0, which no gradients add up to here: see `_added`.
        self.sum = self.add_slot(
            "sum", dtype=lambda variable: numerics.compute_dtype(variable.dtype), initial=-0.0
        )
        # A count of its own: `iterations` counts committed steps only.
        self.count = self.add_state("count", dtype="int64")

    @property
    def idle(self) -> bool:
        """Whether every call is a step."""
        return bool(self.config.steps == 1)

    @hookimpl
    def gate(
        self, gradients: Sequence[Tensor], step: Step
    ) -> tuple[list[Tensor], Tensor, list[Tensor | bool]]:
        """Add up, and go on at the last of the calls."""
        count = self.count + 1
        last = tf.equal(count, self.config.steps)
        self.count.assign(numerics.where(last, tf.zeros_like(count), count))
        totals, given = [], []
        for gradient, variable, now in zip(gradients, step.variables, step.given, strict=True):
            total = self._added(gradient, variable, now)
            given.append(now is True or tf.logical_not(_is_of_nothing(total)))
            # Chosen by value, not by `tf.cond`: the gate is one compiled function for both cases.
            self.sum[variable].assign(numerics.where(last, _nothing_like(total), total))
            # Once, of the sum: dividing each gradient would round as often as there are calls.
            mean = total / self.config.steps if self.config.reduction == "mean" else total
            totals.append(tf.cast(mean, gradient.dtype))
        return totals, last, given

    def _added(self, gradient: Tensor, variable: Working, now: Tensor | bool) -> Tensor:
        held = self.sum[variable].value
        total = held + tf.cast(gradient, held.dtype)
        # The sign of a zero tells whether there was a gradient. A state of its own would be one for each
        # variable to read and write in each call, also where all have a gradient in all calls.
        total = tf.where(tf.equal(total, 0), tf.zeros_like(total), total)
        return total if now is True else numerics.where(now, total, held)


def _nothing_like(total: Tensor) -> Tensor:
    return tf.broadcast_to(tf.constant(-0.0, total.dtype), total.shape)


def _is_of_nothing(total: Tensor) -> Tensor:
    """Whether every element is -0.0."""
    # Dividing tells the zeros apart, which are equal otherwise.
    negative = tf.less(1 / tf.math.real(total), 0)
    return tf.reduce_all(tf.logical_and(tf.equal(total, 0), negative))
