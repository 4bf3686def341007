"""Decoupled weight decay."""

from __future__ import annotations

from collections.abc import Sequence

from optiplug import Step, Tensor

from .configs.weight_decay import WeightDecayConfig
from .decoupled import DecoupledDecay

__all__ = ["WeightDecay"]


class WeightDecay(DecoupledDecay):
    """Decoupled weight decay.

    ``variable <- variable - variable * rate * learning_rate`` for each variable with a gradient;
    the optimizer's state never sees it. With `rate` 0 no operation is added. ``skip=["*bias"]`` or
    ``min_ndim=2`` exempts variables.

    Raises
    ------
    ConfigError
        If `rate` is below 0.

    Differs from
    ------------
    The paper, which multiplies by the schedule's multiplier and not by the learning rate itself;
    this is the form of Keras, PyTorch and optax.

    References
    ----------
    Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable(2.0)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[WeightDecay(0.25)])
    >>> _ = optimizer.apply_gradients([(tf.constant(0.0), variable)])
    >>> print(variable.numpy())
    1.5
    """

    Config = WeightDecayConfig

    def coefficients(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Return the rate times the learning rate."""
        return [step.scalar(self.config.rate, each) * step.rate(each) for each in step.variables]
