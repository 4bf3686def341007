"""Leaving out steps with broken gradients."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, Variable, hookimpl, numerics

from .configs.skip_non_finite import SkipNonFiniteConfig

__all__ = ["SkipNonFinite"]


class SkipNonFinite(Processor):
    """Skip steps whose gradients hold a NaN or an infinity, and count them.

    Such a call changes neither variables nor state and does not count as an iteration; gates
    listed after this one forget it too, so ``[skip_non_finite, accumulate]`` leaves out the bad
    call alone, and ``[accumulate, skip_non_finite]`` the whole accumulated step. `skipped` holds
    the number of calls left out (int64, saved with the optimizer).

    A run whose gradients stay broken goes on for ever so, and nothing is learnt. With `max_consecutive` so
    many calls in a row are left out, and broken gradients of those after them reach the variables, which a
    loss of NaN then shows: a compiled step cannot raise. `consecutive` holds the number of broken calls since
    the last good one (int64), those that were let through included.

    Differs from
    ------------
    `apply_if_finite` of optax, which looks at updates, where this looks at gradients.

    References
    ----------
    Micikevicius et al. 2018, "Mixed Precision Training", arXiv:1710.03740.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable, skip = tf.Variable(1.0), SkipNonFinite()
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[skip])
    >>> _ = optimizer.apply_gradients([(tf.constant(float("nan")), variable)])
    >>> print(variable.numpy(), skip.skipped.numpy())
    1.0 1
    """

    Config = SkipNonFiniteConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the counts."""
        super().build(variables)
        self.skipped = self.add_state("skipped", dtype="int64")
        if self.config.max_consecutive is not None:
            self.consecutive = self.add_state("consecutive", dtype="int64")

    @hookimpl
    def gate(self, gradients: Sequence[Tensor], step: Step) -> tuple[Sequence[Tensor], Tensor]:
        """Go on if every element is finite, or if too many calls were left out."""
        proceed = numerics.all_finite(gradients)
        if self.config.max_consecutive is not None:
            broken = tf.where(proceed, tf.constant(0, tf.int64), self.consecutive + 1)
            self.consecutive.assign(broken)
            proceed = tf.logical_or(proceed, broken > self.config.max_consecutive)
        # The state of a gate that stops the step is committed all the same.
        self.skipped.assign_add(tf.cast(tf.logical_not(proceed), tf.int64))
        return gradients, proceed
