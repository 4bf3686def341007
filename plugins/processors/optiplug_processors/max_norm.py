"""Projection on weights of bounded norm."""

from __future__ import annotations

from optiplug import Step, Tensor, Working, numerics

from .configs.max_norm import MaxNormConfig
from .norms import shrinkage
from .projection import Projection

__all__ = ["MaxNorm"]


class MaxNorm(Projection):
    """Max-norm constraint: rescale the weights of each unit with a larger norm.

    ``weights <- weights * min(1, max_value / |weights|)`` after the update, for each variable with
    a gradient, where the weights of one unit are those along all axes but the last, as in Keras
    kernels, or along `axis`, a number or several. Without `axis`, vectors and scalars are left
    alone; with it, every selected variable must have it. Norms are computed in the dtype of the
    step: float32 for half precision. List it before averages, so that they see the projected values.

    Raises
    ------
    ConfigError
        If `max_value` is not above 0, or a selected variable does not have `axis`.

    Differs from
    ------------
    The constraint `MaxNorm` of Keras, which divides by the norm plus 1e-7 and so shrinks weights
    within the bound a little at every step, too.

    References
    ----------
    Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
    section 5.1.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> kernel = tf.Variable([[6.0, 0.5], [8.0, 0.5]])
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[MaxNorm(5.0)])
    >>> _ = optimizer.apply_gradients([(tf.zeros([2, 2]), kernel)])
    >>> kernel.numpy().tolist()
    [[3.0, 0.5], [4.0, 0.5]]
    """

    Config = MaxNormConfig

    def projected(self, weights: Working, norm: Tensor, step: Step) -> Tensor:
        """Scale down what is above the bound."""
        bound = step.scalar(self.config.max_value, norm)
        return numerics.scaled(weights, shrinkage(norm, bound))
