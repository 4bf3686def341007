"""Clipping of all gradients by their common norm."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, hookimpl, numerics

from .configs.clip_by_global_norm import ClipByGlobalNormConfig
from .norms import nan_unless_finite, shrinkage

__all__ = ["ClipByGlobalNorm"]


class ClipByGlobalNorm(Processor):
    """Clip all gradients by their global norm.

    ``gradient <- gradient * min(1, max_norm / norm)`` with ``norm = sqrt(sum of |x|^2 over all
    elements of all gradients)``; it is computed in float64. The direction of the whole step stays.
    A norm that is not finite makes every gradient NaN, as in `tf.clip_by_global_norm`; list
    ``skip_non_finite`` to leave such steps out.

    Raises
    ------
    ConfigError
        If `max_norm` is not above 0.

    References
    ----------
    Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks",
    arXiv:1211.5063.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> one, other = tf.Variable(0.0), tf.Variable(0.0)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[ClipByGlobalNorm(1.0)])
    >>> _ = optimizer.apply_gradients([(tf.constant(-6.0), one), (tf.constant(8.0), other)])
    >>> print(one.numpy(), other.numpy())
    0.6 -0.8
    """

    Config = ClipByGlobalNormConfig

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Scale all gradients by one factor."""
        norm = numerics.global_norm(gradients, tf.float64)
        bound = step.scalar(self.config.max_norm, norm)
        scale = nan_unless_finite(shrinkage(norm, bound), norm)
        return [numerics.scaled(gradient, scale) for gradient in gradients]
