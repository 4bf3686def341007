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


@breaks("descends_a_quadratic", "the loss must fall")
class Climbs(SGD):
    def update_step(self, gradient, variable):
        super().update_step(-gradient, variable)
