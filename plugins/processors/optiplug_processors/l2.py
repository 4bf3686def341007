"""Coupled weight decay."""

from __future__ import annotations

from collections.abc import Sequence

from optiplug import Processor, Step, Tensor, hookimpl

from .configs.l2 import L2Config

__all__ = ["L2"]


class L2(Processor):
    """L2 regularization: add the gradient of the penalty to every gradient.

    ``gradient <- gradient + strength * variable``, the gradient of a loss with
    ``strength / 2 * |variable|^2`` added. The optimizer treats it like any gradient, so an
    adaptive optimizer rescales it; ``weight_decay`` is the decoupled form. With `strength` 0 no
    operation is added.

    Raises
    ------
    ConfigError
        If `strength` is below 0.

    References
    ----------
    Krogh and Hertz 1991, "A Simple Weight Decay Can Improve Generalization", NIPS 4.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable(2.0)
    >>> optimizer = optiplug.create("sgd", learning_rate=0.5, processors=[L2(0.5)])
    >>> _ = optimizer.apply_gradients([(tf.constant(0.0), variable)])
    >>> print(variable.numpy())
    1.5
    """

    Config = L2Config

    @property
    def idle(self) -> bool:
        """Whether the strength is 0."""
        return bool(self.config.strength == 0)

    @hookimpl
    def decay(self, gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Add the penalty's gradients."""
        strength = self.config.strength
        pairs = zip(gradients, step.variables, strict=True)
        return [gradient + variable * step.scalar(strength, variable) for gradient, variable in pairs]
