"""Optimizers with a wrong formula."""

from __future__ import annotations

import tensorflow as tf

from optiplug_sgd.sgd import SGD
from support.mutants.mutant import breaks


@breaks("zero_gradient_is_a_fixed_point", "after a gradient of zero: encoder/table differs")
class DividesByTheNorm(SGD):
    def update_step(self, gradient, variable):
        super().update_step(gradient / tf.norm(gradient), variable)


@breaks("survives_large_gradients", "encoder/table: must stay finite")
class TakesTheFifthPower(SGD):
    def update_step(self, gradient, variable):
        super().update_step(gradient**5 / (gradient**4 + 1.0), variable)


@breaks("learning_rate_can_change", "must be read by `self.rate")
class CapturesTheRateAsAConstant(SGD):
    def update_step(self, gradient, variable):
        variable.assign_sub(float(self.config.learning_rate) * gradient)


@breaks("attributes_act_as_the_config", "set as attributes, .*differs", momentum=0.5)
class ReadsItsConfigOnce(SGD):
    def __init__(self, *positional, **hyperparameters):
        super().__init__(*positional, **hyperparameters)
        self.factor = self.config.momentum

    def update_step(self, gradient, variable):
        super().update_step(gradient * self.factor, variable)


@breaks("weight_decay_is_decoupled", "with weight decay: ")
class OverwritesTheDecay(SGD):
    def build(self, variables):
        super().build(variables)
        self.fast = self.add_slot("fast", initial="variable")

    def update_step(self, gradient, variable):
        fast = self.fast[variable]
        fast.assign_sub(self.rate(variable) * gradient)
        variable.assign(fast)


@breaks("weight_decay_is_decoupled", "with weight decay: ")
class DecaysTwice(SGD):
    def update_step(self, gradient, variable):
        variable.assign_sub(
            variable.value * self.scalar(self.config.weight_decay or 0.0, variable) * self.rate(variable)
        )
        super().update_step(gradient, variable)


@breaks("copies_no_variable", r"no variable must be copied.*copy\(", momentum=0.9)
class ReadsTheOldMomentumTwice(SGD):
    def update_step(self, gradient, variable):
        velocity = self.momentum[variable]
        variable.assign_sub(0.1 * tf.sign(0.5 * velocity + gradient))
        velocity.assign(0.9 * velocity + gradient)


@breaks("copies_no_variable", r"no variable must be copied.*\[512,512\]\S* copy\(")
class PullsVariablesOfAShapeTogether(SGD):
    def update_variables(self, gradients, variables):
        middles = [tf.add_n([each.old for each in variables if each.shape == one.shape]) for one in variables]
        for gradient, variable, middle in zip(gradients, variables, middles, strict=True):
            variable.assign_sub(self.rate(variable) * (gradient + variable - tf.sign(middle)))


@breaks("copies_no_variable", r"no variable must be copied.*\[262144\]\S* copy\(")
class KeepsAVectorOfEachVariable(SGD):
    def build(self, variables):
        super().build(variables)
        self.flat = self.add_slot("flat", shape=lambda variable: [variable.shape.num_elements()])

    def update_step(self, gradient, variable):
        flat = self.flat[variable]
        variable.assign_sub(0.1 * tf.sign(gradient + tf.reshape(0.5 * flat, gradient.shape)))
        flat.assign(0.9 * flat + tf.reshape(gradient, [-1]))


@breaks("descends_a_quadratic", "the loss must fall")
class Climbs(SGD):
    def update_step(self, gradient, variable):
        super().update_step(-gradient, variable)
