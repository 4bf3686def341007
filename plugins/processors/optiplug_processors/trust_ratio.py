"""Layer-wise trust ratios around any optimizer."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, Working, hookimpl, numerics

from .configs.trust_ratio import TrustRatioConfig

__all__ = ["TrustRatio"]


class TrustRatio(Processor):
    """Layerwise trust ratio around any optimizer, as in LARS and LAMB.

    What an optimizer adds to a variable has the learning rate in it: ``update = -rate * direction``.
    It becomes ``update * ratio`` with ``ratio = coefficient * |variable| / (|direction| + epsilon)``,
    at most `max_ratio`, so that its norm is ``coefficient * rate * |variable|``. The variable is that
    of the start of the step. Where either norm is 0 the ratio is 1; where the rate is 0 nothing
    moves. Biases and the scales of normalization are best left alone: ``min_ndim=2``.

    Raises
    ------
    ConfigError
        If a number is out of its bounds.

    Differs from
    ------------
    LARS and LAMB, in which weight decay is a part of the direction: list ``l2`` for that, where
    the optimizer is plain descent. LARS has its momentum after the ratio, this is the last to act.

    References
    ----------
    You, Gitman and Ginsburg 2017, "Large Batch Training of Convolutional Networks",
    arXiv:1708.03888; You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT
    in 76 minutes", arXiv:1904.00962.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable([8.0, 0.0])
    >>> optimizer = optiplug.create("sgd", learning_rate=0.25, processors=[TrustRatio()])
    >>> _ = optimizer.apply_gradients([(tf.constant([0.0, 64.0]), variable)])
    >>> print(variable.numpy())
    [ 8. -2.]
    """

    Config = TrustRatioConfig

    @hookimpl
    def update(self, updates: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Scale each update by its ratio."""
        pairs = zip(updates, step.variables, strict=True)
        return [numerics.scaled(update, self._ratio(update, each, step)) for update, each in pairs]

    def _ratio(self, update: Tensor, variable: Working, step: Step) -> Tensor:
        norm, length = (
            numerics.global_norm([variable.old], tf.float64),
            numerics.global_norm([update], tf.float64),
        )
        rate = tf.cast(tf.math.real(step.rate(variable)), norm.dtype)
        # Both sides times the rate, which may be 0.
        divisor = length + step.scalar(self.config.epsilon, norm) * rate
        ratio = tf.math.divide_no_nan(step.scalar(self.config.coefficient, norm) * norm * rate, divisor)
        if self.config.max_ratio is not None:
            ratio = tf.minimum(ratio, step.scalar(self.config.max_ratio, norm))
        return numerics.where(tf.equal(tf.minimum(norm, length), 0), tf.ones_like(ratio), ratio)
