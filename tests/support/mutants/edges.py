"""Optimizers that go wrong at the edges of what a dtype can hold."""

from __future__ import annotations

import tensorflow as tf

import optiplug
from optiplug_sgd.sgd import SGD
from support.mutants.mutant import breaks


@breaks("makes_no_nan_of_finite_gradients", "must not be NaN after gradients of 1e20")
class SquaresWhateverComes(SGD):
    def build(self, variables):
        super().build(variables)
        self.square = self.add_slot("square")

    def update_step(self, gradient, variable):
        square = self.square[variable]
        square.assign_add((tf.square(gradient) - square) * 0.1)
        variable.assign_sub(0.01 * gradient / (tf.sqrt(square) + 1e-7))


@breaks("makes_nothing_infinite_on_the_way", "every number on the way must be finite")
class TakesTheLogarithmOfZero(SGD):
    def update_step(self, gradient, variable):
        size = tf.exp(tf.math.log(tf.abs(gradient)))
        variable.assign_sub(
            self.rate(variable) * tf.where(tf.abs(gradient) > 0, tf.sign(gradient) * size, 0.0)
        )


@breaks("same_at_every_size_of_gradients", "must move as in float64 by gradients of 1e-30")
class DividesByASumOfSquares(SGD):
    def update_step(self, gradient, variable):
        norm = tf.sqrt(tf.reduce_sum(tf.square(gradient)))
        variable.assign_sub(0.01 * tf.math.divide_no_nan(gradient, norm))


@breaks("keeps_wide_state_beside_half_precision", "must be in a wider dtype than bfloat16")
class KeepsStateInTheDtypeOfTheVariable(SGD):
    def build(self, variables):
        super().build(variables)
        self.momentum = self.add_slot("momentum", dtype=lambda variable: variable.dtype)


@breaks("proposes_its_updates", "an update must be proposed as it is")
class AssignsTheDifference(SGD):
    def update_step(self, gradient, variable):
        variable.assign(variable - self.rate(variable) * gradient)


class AveragingConfig(optiplug.OptimizerConfig):
    """Descent along the average of gradients."""

    learning_rate: optiplug.NonNegativeScalar = 0.01
    """Step size."""
    beta: optiplug.BelowOneScalar = 0.9
    """Decay rate of the average."""


@breaks("corrects_scheduled_decay_rates", "steps on a constant gradient must be equal")
class TakesAPowerOfTheLastDecayRate(optiplug.Optimizer):
    Config = AveragingConfig

    def build(self, variables):
        super().build(variables)
        self.average = self.add_slot("average")

    def update_step(self, gradient, variable):
        average, beta = self.average[variable], self.scalar(self.config.beta, variable)
        average.assign_add((gradient - average) * (1 - beta))
        correction = optiplug.numerics.bias_correction(beta, self.iterations + 1)
        variable.assign_sub(self.rate(variable) * average / correction)
