"""Freezing of variables."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, hookimpl, numerics

from .configs.freeze import FreezeConfig

__all__ = ["Freeze"]


class Freeze(Processor):
    """Freeze variables, for good or for some steps.

    While ``since <= iteration < until`` the selected variables have a learning rate of 0, which
    stops decoupled decay too, gradients of 0, whatever they were, NaN included, and updates of
    0. Clips that are listed later do not count their gradients; gates run earlier and see them.
    A penalty such as ``l2`` is added after all clips, and reaches the optimizer's state; what
    assigns variables after the update, as a projection does, still does. Without `until` they are
    frozen for ever.

    A slot of a frozen variable averages zeros. Adam's bias corrections count the steps of the
    optimizer, so its first updates after a long freeze are up to ``(1 - beta_1) / sqrt(1 - beta_2)``
    times as large as those of a new variable: some 3 by default. A warmup by ``learning_rate_scale``
    evens that out.

    Raises
    ------
    ConfigError
        If `since` is below 0 or `until` not above it.

    References
    ----------
    Howard and Ruder 2018, "Universal Language Model Fine-tuning for Text Classification", arXiv:1801.06146,
    whose gradual unfreezing is one of these for each layer.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> table, head = tf.Variable(1.0, name="table"), tf.Variable(1.0, name="head")
    >>> freeze = Freeze(until=2, only=["table"])
    >>> optimizer = optiplug.create("sgd", learning_rate=0.25, processors=[freeze])
    >>> for _ in range(3):
    ...     _ = optimizer.apply_gradients([(tf.constant(1.0), table), (tf.constant(1.0), head)])
    ...     print(table.numpy(), head.numpy())
    1.0 0.75
    1.0 0.5
    0.75 0.25
    """

    Config = FreezeConfig

    @hookimpl
    def rate(self, rates: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Learn nothing while frozen."""
        return self._zero_while_frozen(rates, step)

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Hide the gradients while frozen."""
        return self._zero_while_frozen(gradients, step)

    @hookimpl
    def update(self, updates: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Drop what a momentum still adds while frozen."""
        return self._zero_while_frozen(updates, step)

    def _zero_while_frozen(self, values: Sequence[Tensor], step: Step) -> list[Tensor]:
        # Not a product with 0, which would keep a NaN.
        zeros = [tf.zeros_like(value) for value in values]
        since, until = self.config.since, self.config.until
        if until is None and since == 0:
            return zeros
        frozen = step.iteration >= since
        if until is not None:
            frozen = tf.logical_and(frozen, step.iteration < until)
        pairs = zip(zeros, values, strict=True)
        return [numerics.where(frozen, zero, value) for zero, value in pairs]
