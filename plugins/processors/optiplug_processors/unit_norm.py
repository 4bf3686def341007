"""Projection on weights of norm 1."""

from __future__ import annotations

from optiplug import Step, Tensor, Working, numerics

from .configs.unit_norm import UnitNormConfig
from .projection import Projection

__all__ = ["UnitNorm"]


class UnitNorm(Projection):
    """Unit-norm constraint: rescale the weights of each unit to norm 1.

    ``weights <- weights / (|weights| + epsilon)`` after the update, for each variable with a
    gradient, where the weights of one unit are those along all axes but the last, as in Keras
    kernels, or along `axis`, a number or several. Without `axis`, vectors and scalars are left
    alone; with it, every selected variable must have it. Norms are computed in the dtype of the step:
    float32 for half precision. List it before averages, so that they see the projected values.

    Raises
    ------
    ConfigError
        If `epsilon` is not above 0, or a selected variable does not have `axis`.

    Differs from
    ------------
    `UnitNorm` of Keras in the axis: there it is 0 unless given, which is not the same for kernels
    of convolutions, and for a vector makes one unit of it.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> kernel = tf.Variable([[3.0, 0.0], [4.0, 2.0]])
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[UnitNorm()])
    >>> _ = optimizer.apply_gradients([(tf.zeros([2, 2]), kernel)])
    >>> print(kernel.numpy().round(6))
    [[0.6 0. ]
     [0.8 1. ]]
    """

    Config = UnitNormConfig

    def projected(self, weights: Working, norm: Tensor, step: Step) -> Tensor:
        """Divide by the norm."""
        return numerics.scaled(weights, 1 / (norm + self.config.epsilon))
