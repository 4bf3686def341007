"""FTRL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .config import FtrlConfig

__all__ = ["Ftrl"]


class Ftrl(Optimizer):
    """Follow the regularized leader, for sparse linear models.

    Each step minimizes the sum of all gradients so far, linearized losses, and the penalties. With
    ``p = -learning_rate_power``, ``l1``, ``l2`` and ``shrinkage`` for the three regularization
    strengths, and the old values on the right-hand side of the first two lines::

        linear      <- linear + gradient + 2 * shrinkage * variable
                       - ((accumulator + gradient^2)^p - accumulator^p) / learning_rate * variable
        accumulator <- accumulator + gradient^2
        quadratic   =  (accumulator^p + beta) / learning_rate + 2 * l2
        variable    <- (clip(linear, -l1, l1) - linear) / quadratic

    An element with ``|linear| <= l1`` becomes exactly 0. The initial value of a variable is part of
    the problem only as far as gradients move it: a gradient of zero in the first step makes it 0.
    Decoupled weight decay acts on the variable in the first line. At a learning rate of 0 nothing
    changes, the state included.

    State: the slots `accumulator` and `linear`. Variables must be real.

    Differs from
    ------------
    The paper: the penalty is ``l2 * variable^2``, not half of that, and `beta` is 0. Keras, which
    gives NaN at a learning rate of 0, and where `accumulator` and the penalties all are 0.

    References
    ----------
    McMahan et al. 2013, "Ad Click Prediction: a View from the Trenches", KDD.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([0.0, 0.0])
    >>> optimizer = Ftrl(learning_rate=0.5, initial_accumulator_value=0.0, l1_regularization_strength=1.0)
    >>> _ = optimizer.apply_gradients([(tf.constant([4.0, -0.5]), variable)])
    >>> variable.numpy().tolist()
    [-0.375, 0.0]
    """

    Config: ClassVar[type[FtrlConfig]] = FtrlConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.accumulator = self.add_slot("accumulator", initial=self.config.initial_accumulator_value)
        self.linear = self.add_slot("linear")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        config, rate = self.config, self.rate(variable)
        # The sum of squares may be raised to a power above 1.
        gradient = numerics.limited(gradient, 2 * max(1, -2 * config.learning_rate_power), terms=2**32)
        accumulator, linear = self.accumulator[variable], self.linear[variable]
        # A rate of 0 divides by 0 below; selections keep that out of state and variable.
        moves, square = rate > 0, tf.square(gradient)
        growth = self._power(accumulator + square) - self._power(accumulator)
        shrinkage = 2 * self.scalar(config.l2_shrinkage_regularization_strength, variable)
        change = gradient + (shrinkage - growth / rate) * variable
        linear.assign(numerics.where(moves, linear + change, linear))
        # Nothing is added, but it comes after `linear`, whose formula reads the old accumulator: XLA copies
        # what two formulas read that are in no order. Added to the square, as XLA would write a sum that two
        # formulas have in common to memory.
        accumulator.assign(numerics.where(moves, accumulator + (square + 0 * linear), accumulator))
        l1 = self.scalar(config.l1_regularization_strength, variable)
        l2 = self.scalar(config.l2_regularization_strength, variable)
        quadratic = (self._power(accumulator) + self.scalar(config.beta, variable)) / rate + 2 * l2
        solved = tf.math.divide_no_nan(tf.clip_by_value(linear, -l1, l1) - linear, quadratic)
        variable.assign(numerics.where(moves, solved, variable))

    def _power(self, squares: Working) -> Tensor:
        """Return the sum of squares to the power of minus `learning_rate_power`."""
        exponent = -self.config.learning_rate_power
        # The root is correctly rounded, and XLA on a CPU takes a power several times as long.
        return tf.sqrt(squares) if exponent == 0.5 else tf.pow(squares, exponent)
