"""Clipping of each gradient by its own norm."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, hookimpl, numerics

from .configs.clip_by_norm import ClipByNormConfig
from .norms import shrinkage

__all__ = ["ClipByNorm"]


class ClipByNorm(Processor):
    """Clip each gradient by its own norm.

    ``gradient <- gradient * min(1, max_norm / |gradient|)``, with the Euclidean norm of each
    variable's gradient by itself, complex elements by modulus, computed in float64. As with
    `tf.clip_by_norm`, an infinite norm makes NaN of infinite elements and 0 of all others; list
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
    >>> large, small = tf.Variable([0.0, 0.0]), tf.Variable([0.0, 0.0])
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[ClipByNorm(1.0)])
    >>> gradients = [tf.constant([-6.0, 8.0]), tf.constant([-0.5, 0.5])]
    >>> _ = optimizer.apply_gradients(zip(gradients, [large, small]))
    >>> print(large.numpy(), small.numpy())
    [ 0.6 -0.8] [ 0.5 -0.5]
    """

    Config = ClipByNormConfig

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Scale each gradient by a factor of its own."""
        return [self._clipped(gradient, step) for gradient in gradients]

    def _clipped(self, gradient: Tensor, step: Step) -> Tensor:
        norm = numerics.global_norm([gradient], tf.float64)
        bound = step.scalar(self.config.max_norm, norm)
        return numerics.scaled(gradient, shrinkage(norm, bound))
