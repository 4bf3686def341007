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
        """Create the count."""
        super().build(variables)
        self.skipped = self.add_state("skipped", dtype="int64")

    @hookimpl
    def gate(self, gradients: Sequence[Tensor], step: Step) -> tuple[Sequence[Tensor], Tensor]:
        """Go on if every element is finite."""
        proceed = numerics.all_finite(gradients)
        # The state of a gate that stops the step is committed all the same.
        self.skipped.assign_add(tf.cast(tf.logical_not(proceed), tf.int64))
        return gradients, proceed
