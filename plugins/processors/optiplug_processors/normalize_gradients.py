"""Normalization of gradients."""

from __future__ import annotations

from collections.abc import Sequence

from optiplug import Processor, Tensor, hookimpl, numerics

from .configs.normalize_gradients import NormalizeGradientsConfig
from .norms import inverse_norm

__all__ = ["NormalizeGradients"]


class NormalizeGradients(Processor):
    """Normalize each gradient, or all gradients together, to norm 1.

    ``gradient <- gradient / |gradient|`` for each variable by itself, or, with
    ``scope="global"``, ``gradient <- gradient / sqrt(sum of |x|^2 over all elements of all
    gradients)``. A gradient that is 0 stays 0, and so does one whose squares are too small for the
    dtype that norms are computed in: below some 1e-19 in float32. A norm that is not finite makes
    NaN of what it divides; list ``skip_non_finite`` to leave such steps out.

    Raises
    ------
    ConfigError
        If `scope` is neither "variable" nor "global".

    References
    ----------
    Hazan, Levy and Shalev-Shwartz 2015, "Beyond Convexity: Stochastic Quasi-Convex Optimization",
    arXiv:1507.02030.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable, normalize = tf.Variable([0.0, 0.0]), NormalizeGradients()
    >>> optimizer = optiplug.create("sgd", learning_rate=0.5, processors=[normalize])
    >>> _ = optimizer.apply_gradients([(tf.constant([-30.0, 40.0]), variable)])
    >>> print(variable.numpy().round(5))
    [ 0.3 -0.4]
    """

    Config = NormalizeGradientsConfig

    @hookimpl
    def clip(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """Divide the gradients by their norms, or by their norm."""
        if self.config.scope == "global":
            return _normalized(gradients)
        return [normalized for gradient in gradients for normalized in _normalized([gradient])]


def _normalized(gradients: Sequence[Tensor]) -> list[Tensor]:
    scale = inverse_norm(gradients)
    return [numerics.scaled(gradient, scale) for gradient in gradients]
