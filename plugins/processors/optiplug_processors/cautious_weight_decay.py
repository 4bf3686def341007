"""Decoupled weight decay that does not work against the update."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, Working, hookimpl

from .configs.cautious_weight_decay import CautiousWeightDecayConfig

__all__ = ["CautiousWeightDecay"]


class CautiousWeightDecay(Processor):
    """Decoupled weight decay, masked where it opposes the update.

    ``update <- update - variable * rate * learning_rate`` where ``update * variable <= 0``; elements
    that the optimizer moves away from 0 do not decay. The variable is that of the start of the step,
    the update what the processors before this one have left of it. ``skip=["*bias"]`` or
    ``min_ndim=2`` exempts variables.

    Raises
    ------
    ConfigError
        If `rate` is below 0.

    References
    ----------
    Chen et al. 2025, "Cautious Weight Decay", arXiv:2510.12402, Algorithm 1.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable([4.0, 4.0])
    >>> optimizer = optiplug.create("sgd", learning_rate=0.5, processors=[CautiousWeightDecay(0.5)])
    >>> _ = optimizer.apply_gradients([(tf.constant([2.0, -2.0]), variable)])
    >>> print(variable.numpy())
    [2. 5.]
    """

    Config = CautiousWeightDecayConfig

    @property
    def idle(self) -> bool:
        """Whether the rate is 0."""
        return bool(self.config.rate == 0)

    @hookimpl
    def update(self, updates: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Add the decay to the updates."""
        pairs = zip(updates, step.variables, strict=True)
        return [self._decayed(update, variable, step) for update, variable in pairs]

    def _decayed(self, update: Tensor, variable: Working, step: Step) -> Tensor:
        decay = step.scalar(self.config.rate, variable) * step.rate(variable)
        # Of their signs, as the product of two tiny numbers is 0.
        grows = tf.math.real(tf.sign(update) * tf.math.conj(tf.sign(variable.old))) > 0
        return tf.where(grows, update, update - variable.old * decay)
