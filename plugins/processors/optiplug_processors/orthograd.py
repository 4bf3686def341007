"""Gradients at a right angle to the weights."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, hookimpl, numerics

from .configs.orthograd import OrthoGradConfig
from .norms import inverse_norm

__all__ = ["OrthoGrad"]


class OrthoGrad(Processor):
    """Project each gradient orthogonally to its variable, at the same norm.

    ``rest = gradient - variable * <variable, gradient> / |variable|^2``, then
    ``gradient <- rest * |gradient| / |rest|``: the same norm, at a right angle. A variable that is 0
    has no direction, and its gradient stays. Where nothing but rounding errors is left, the gradient
    becomes 0, and so it does where its squares are too small for the dtype of the step: below some
    1e-19 in float32. A norm that is not finite makes every element NaN. ``min_ndim=2`` spares
    biases and scales.

    Differs from
    ------------
    The authors' code, which scales the rounding errors too where gradient and variable have one
    direction. In a variable with a single element it is always so; its gradient stays as it is.

    References
    ----------
    Prieto, Barsbey, Mediano and Birdal 2025, "Grokking at the Edge of Numerical Stability",
    arXiv:2501.04697.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable([2.0, 0.0])
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[OrthoGrad()])
    >>> _ = optimizer.apply_gradients([(tf.constant([3.0, 4.0]), variable)])
    >>> print(variable.numpy().round(5))
    [ 2. -5.]
    """

    Config = OrthoGradConfig

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Turn each gradient."""
        pairs = zip(gradients, step.variables, strict=True)
        return [
            _turned(numerics.limited_norm(gradient, power=1), variable.value) for gradient, variable in pairs
        ]


def _turned(gradient: Tensor, variable: Tensor) -> Tensor:
    # In one dimension nothing is orthogonal, and the gradient would always be 0.
    if gradient.shape.num_elements() < 2:
        return gradient
    length = numerics.global_norm([gradient], tf.float64)
    along, direction = _unit(variable), _unit(gradient)
    # XLA on a CPU is slow at the inner product of large vectors and not at norms. |a + b|^2 - |a - b|^2
    # is four times that of a and b, and as exact as a sum of products where both have length 1.
    cosine = (numerics.sum_of_squares(along + direction) - numerics.sum_of_squares(along - direction)) / 4
    rest = direction - along * tf.cast(cosine, along.dtype)
    sine = numerics.global_norm([rest], tf.float64)
    double = numerics.scalar_dtype(rest.dtype) == tf.float64
    smallest = 2.0**-47 if double else 2.0**-18  # 32 units of the last place of 1
    scale = numerics.where(sine > smallest, tf.math.divide_no_nan(length, sine), tf.zeros_like(sine))
    return numerics.scaled(rest, scale)


def _unit(value: Tensor) -> Tensor:
    """Return the vector of norm 1 in the same direction, or 0."""
    return numerics.scaled(value, inverse_norm([value]))
