"""Projection on the non-negative numbers."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Processor, Step, hookimpl

from .configs.non_negative import NonNegativeConfig

__all__ = ["NonNegative"]


class NonNegative(Processor):
    """Non-negativity constraint: set negative elements to zero.

    ``variable <- max(variable, 0)`` after the update, for each variable with a gradient: projected
    gradient descent. ``only=["*kernel"]`` names those that it applies to. A NaN stays one. List it
    before averages, so that they see the projected values. The same as the constraint `NonNeg` of
    Keras, without a change of the model. Variables must be real.

    References
    ----------
    Bertsekas 1976, "On the Goldstein-Levitin-Polyak gradient projection method".

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable([1.0, 1.0])
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[NonNegative()])
    >>> _ = optimizer.apply_gradients([(tf.constant([0.5, 2.0]), variable)])
    >>> print(variable.numpy())
    [0.5 0. ]
    """

    Config = NonNegativeConfig

    @hookimpl
    def post_step(self, step: Step) -> None:
        """Project each variable that was updated."""
        for variable in step.variables:
            variable.assign(tf.maximum(variable, 0.0))
