"""A learning rate of their own for some variables."""

from __future__ import annotations

from collections.abc import Sequence

from optiplug import Processor, Step, Tensor, hookimpl

from .configs.learning_rate_scale import LearningRateScaleConfig

__all__ = ["LearningRateScale"]


class LearningRateScale(Processor):
    """Multiply the learning rate of some variables by a factor.

    ``learning_rate <- learning_rate * factor`` before everything else in the step, so that
    decoupled weight decay and trust ratios go by it too. Several in a list multiply. With a `factor`
    of 0, gradients still reach the optimizer's state, and a momentum still moves the variable;
    ``freeze`` stops all of it.

    Raises
    ------
    ConfigError
        If `factor` is below 0.

    References
    ----------
    Howard and Ruder 2018, "Universal Language Model Fine-tuning for Text Classification", arXiv:1801.06146.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> table, head = tf.Variable(1.0, name="table"), tf.Variable(1.0, name="head")
    >>> slower = LearningRateScale(0.5, only=["table"])
    >>> optimizer = optiplug.create("sgd", learning_rate=0.5, processors=[slower])
    >>> _ = optimizer.apply_gradients([(tf.constant(1.0), table), (tf.constant(1.0), head)])
    >>> print(table.numpy(), head.numpy())
    0.75 0.5
    """

    Config = LearningRateScaleConfig

    @property
    def idle(self) -> bool:
        """Whether the factor is 1."""
        return bool(self.config.factor == 1)

    @hookimpl
    def rate(self, rates: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Scale the rates."""
        return [rate * step.scalar(self.config.factor, rate) for rate in rates]
