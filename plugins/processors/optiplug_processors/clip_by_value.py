"""Clipping by value."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, hookimpl

from .configs.clip_by_value import ClipByValueConfig

__all__ = ["ClipByValue"]


class ClipByValue(Processor):
    """Clip each element of every gradient to an interval around 0.

    ``gradient <- min(max(gradient, -max_value), max_value)``, element by element. A NaN stays a NaN.
    Variables must be real: ``clip_by_norm`` takes the modulus of complex elements.

    Raises
    ------
    ConfigError
        If `max_value` is not above 0.

    References
    ----------
    Mikolov 2012, "Statistical Language Models Based on Neural Networks", thesis, Brno University of
    Technology.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable([2.0, 2.0])
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[ClipByValue(1.0)])
    >>> _ = optimizer.apply_gradients([(tf.constant([-0.5, 4.0]), variable)])
    >>> variable.numpy().tolist()
    [2.5, 1.0]
    """

    Config = ClipByValueConfig

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Clip each element."""
        return [self._clipped(gradient, step) for gradient in gradients]

    def _clipped(self, gradient: Tensor, step: Step) -> Tensor:
        bound = step.scalar(self.config.max_value, gradient)
        return tf.clip_by_value(gradient, -bound, bound)
