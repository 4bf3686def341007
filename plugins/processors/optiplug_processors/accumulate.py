"""Gradient accumulation."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, Variable, Working, hookimpl, numerics

from .configs.accumulate import AccumulateConfig

__all__ = ["Accumulate"]

# The sum of no gradient at all, which is not that of zeros: the smallest normal number in single precision.
# A state for it would be one for each variable, read and written where all have a gradient in all calls, too;
# a negative zero does not outlive DTensor.
_NOTHING = 2.0**-126


class Accumulate(Processor):
    """Gradient accumulation: one step for the gradients of several calls.

    Of `steps` calls the first only add their gradients to the slot ``sum``; the last makes the
    step with ``sum / steps`` (`reduction` ``"mean"``, the default) or ``sum`` (``"sum"``), and
    the slot starts again. Schedules, averages and `iterations` count steps, not calls, and
    clipping sees the accumulated gradient once. The sums are held in float32, or in float64 for
    double precision. With `steps` 1 no operation is added.

    `steps` may be a schedule, as `every_k_schedule` of `MultiSteps` in optax: its value at the number of
    steps committed so far, rounded to a whole number and at least 1, is the number of calls of the next step.

    The step is one for every variable that had a gradient in any of the calls, whichever it was; a
    call without one adds nothing, and the mean is over all `steps` calls. A variable that had none
    in all of them is left alone, with its state.

    With `sum_over_replicas` ``"last_call"`` each replica of a `tf.distribute` strategy adds up its own
    gradients, and these sums are summed over replicas in the last call: what is moved between them in `steps`
    calls is what is moved in one. Gates that look at the sum over replicas, such as `skip_non_finite`, have
    to come after it then, gradients of rows are moved as whole tables, and in between all workers have to
    save together. The numbers are the same, rounded in another order.

    Raises
    ------
    ConfigError
        If `steps` is below 1 or another field is unknown, or if a gate before this one looks at what is yet
        to be summed.

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
        self.sum = self.add_slot(
            "sum",
            dtype=lambda variable: numerics.compute_dtype(variable.dtype),
            initial=_NOTHING,
            summed_while="count" if self.before_sum else None,
        )
        # A count of its own: `iterations` counts committed steps only.
        self.count = self.add_state("count", dtype="int64")

    @property
    def idle(self) -> bool:
        """Whether every call is a step."""
        return bool(self.config.steps == 1)

    @property
    def before_sum(self) -> bool:
        """Whether each replica adds up its own gradients."""
        return bool(self.config.sum_over_replicas == "last_call")

    @hookimpl
    def gate(
        self, gradients: Sequence[Tensor], step: Step
    ) -> tuple[list[Tensor], Tensor, list[Tensor | bool]]:
        """Add up, and go on at the last of the calls."""
        count, steps = self.count + 1, self._steps(step)
        last = tf.greater_equal(count, steps)
        self.count.assign(numerics.where(last, tf.zeros_like(count), count))
        totals, given = [], []
        for gradient, variable, now in zip(gradients, step.variables, step.given, strict=True):
            total, so_far = self._added(gradient, variable, now, steps)
            # Chosen by value, not by `tf.cond`: the gate is one compiled function for both cases.
            self.sum[variable].assign(tf.where(tf.broadcast_to(last, total.shape), _nothing(total), total))
            # Once, of the sum: dividing each gradient would round as often as there are calls.
            due = _or_zero(total)
            mean = due / tf.cast(steps, due.dtype) if self.config.reduction == "mean" else due
            totals.append(tf.cast(mean, gradient.dtype))
            given.append(so_far)
        return totals, last, given

    def _steps(self, step: Step) -> Tensor | int:
        """Return the number of calls of this step."""
        steps = self.config.steps
        if isinstance(steps, int):
            return steps
        return tf.maximum(tf.cast(tf.round(step.scalar(steps, tf.float64)), tf.int64), 1)

    def _added(
        self, gradient: Tensor, variable: Working, now: Tensor | bool, steps: Tensor | int
    ) -> tuple[Tensor, Tensor | bool]:
        """Return the sum with this gradient, and whether there was any so far."""
        held = self.sum[variable].value
        # So that the sum of all calls is finite.
        terms = 2 * steps if isinstance(steps, int) else tf.cast(2 * steps, held.dtype.real_dtype)
        bounded = numerics.limited(tf.cast(gradient, held.dtype), power=1, terms=terms)
        total = _or_zero(held) + bounded
        if now is True:
            return total, True
        total = numerics.where(now, total, held)
        return total, tf.reduce_any(tf.not_equal(total, _nothing(total)))


def _nothing(total: Tensor) -> Tensor:
    # A scalar: XLA folds a tensor of one number to all of its elements, and holds them.
    return tf.constant(_NOTHING, total.dtype)


def _or_zero(total: Tensor) -> Tensor:
    return tf.where(tf.equal(total, _nothing(total)), tf.constant(0, total.dtype), total)
