"""Adaptive gradient clipping."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, Working, hookimpl, numerics

from .configs.agc import AGCConfig
from .norms import shrinkage
from .unit_axes import axes_of, norms

__all__ = ["AGC"]


class AGC(Processor):
    """Adaptive gradient clipping, relative to the norm of each unit's weights.

    ``gradient <- gradient * min(1, clip_factor * max(|weights|, epsilon) / |gradient|)``, with
    both Euclidean norms taken over one output unit. In a variable of two axes or more, a unit is
    an index of the last axis, as in Keras kernels, and its norm goes over all other axes. A vector
    or a scalar is one unit. The paper leaves out the last linear layer: ``skip=["head/*"]``.

    Raises
    ------
    ConfigError
        If `clip_factor` or `epsilon` is not above 0.

    Differs from
    ------------
    optax, where each element along the last two axes of a variable with three axes is a unit, and
    where a variable with at most one axis longer than 1 is one unit.

    References
    ----------
    Brock, De, Smith and Simonyan 2021, "High-Performance Large-Scale Image Recognition Without
    Normalization", arXiv:2102.06171.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> kernel = tf.Variable([[3.0, 3.0], [4.0, 4.0]])
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[AGC(clip_factor=0.5)])
    >>> _ = optimizer.apply_gradients([(tf.constant([[0.0, 1.0], [10.0, 0.0]]), kernel)])
    >>> kernel.numpy().tolist()
    [[3.0, 2.0], [1.5, 4.0]]
    """

    Config = AGCConfig

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Clip each gradient, unit by unit."""
        pairs = zip(gradients, step.variables, strict=True)
        return [self._clipped(gradient, variable, step) for gradient, variable in pairs]

    def _clipped(self, gradient: Tensor, variable: Working, step: Step) -> Tensor:
        norm = _unit_norms(gradient)
        # Weights that start at 0, such as biases, could never grow: any gradient is infinitely larger.
        floor = step.scalar(self.config.epsilon, norm)
        bound = step.scalar(self.config.clip_factor, norm) * tf.maximum(_unit_norms(variable.value), floor)
        return numerics.scaled(gradient, shrinkage(norm, bound))


def _unit_norms(value: Tensor) -> Tensor:
    """Return the norm of each unit, in a shape that multiplies `value`."""
    axes = axes_of(value, None, "")
    return norms(value, axes) if axes else numerics.global_norm([value], tf.float64)
