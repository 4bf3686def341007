"""Gradient centralization."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, hookimpl, numerics

from .configs.centralize_gradients import CentralizeGradientsConfig
from .unit_axes import sums

__all__ = ["CentralizeGradients"]


class CentralizeGradients(Processor):
    """Subtract its mean from the gradient of each unit of a matrix or convolution kernel.

    ``gradient <- gradient - mean(gradient over all axes but the last)`` for gradients with two
    axes or more; the last axis counts the output units, as in Keras kernels. Vectors and scalars
    pass unchanged.

    Differs from
    ------------
    optax, whose `centralize` takes the first axis for that of the output units.

    References
    ----------
    Yong, Huang, Hua and Zhang 2020, "Gradient Centralization: A New Optimization Technique for
    Deep Neural Networks", arXiv:2004.01461.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> kernel = tf.Variable([[0.0, 0.0], [0.0, 0.0]])
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[CentralizeGradients()])
    >>> _ = optimizer.apply_gradients([(tf.constant([[1.0, 5.0], [3.0, 5.0]]), kernel)])
    >>> kernel.numpy().tolist()
    [[1.0, 0.0], [-1.0, 0.0]]
    """

    Config = CentralizeGradientsConfig

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Centralize each gradient that has columns."""
        return [_centralized(gradient) for gradient in gradients]


def _centralized(gradient: Tensor) -> Tensor:
    # A vector is not centralized: its elements are units, of one weight each.
    axes = list(range(gradient.shape.rank - 1))
    if not axes:
        return gradient
    # So that neither the sum in a mean nor the difference overflows.
    gradient = numerics.limited(gradient, power=1, terms=4)
    wide = tf.cast(gradient, tf.complex128 if gradient.dtype.is_complex else tf.float64)
    mean = sums(wide, axes) / max(math.prod(gradient.shape[:-1]), 1)
    return gradient - tf.cast(mean, gradient.dtype)
