"""Projection on the non-negative numbers."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import ConfigError, Processor, Step, Variable, hookimpl

from .configs.non_negative import NonNegativeConfig

__all__ = ["NonNegative"]


class NonNegative(Processor):
    """Non-negativity constraint: set negative elements to zero.

    ``variable <- max(variable, 0)`` after the update, for each variable with a gradient: projected
    gradient descent. ``only=["*kernel"]`` names those that it applies to. A NaN stays one. List it
    before averages, so that they see the projected values. The same as the constraint `NonNeg` of
    Keras, without a change of the model.

    Raises
    ------
    ConfigError
        If a selected variable is complex.

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

    def build(self, variables: Sequence[Variable]) -> None:
        """Refuse numbers without an order."""
        super().build(variables)
        # At build, not in a trace: TensorFlow's own error names neither variable nor processor.
        for variable in variables:
            if variable.dtype.is_complex:
                raise ConfigError(
                    "only real variables can be held above 0",
                    where=self.owner,
                    received=f"{variable.name}, {variable.dtype.name}",
                    hint="select variables with `only` or `skip`",
                )

    @hookimpl
    def post_step(self, step: Step) -> None:
        """Project each variable that was updated."""
        for variable in step.variables:
            variable.assign(tf.maximum(variable, 0.0))
