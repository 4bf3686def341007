"""Plugins that pass over memory more often than they say."""

from __future__ import annotations

from typing import ClassVar

import tensorflow as tf

from optiplug import Processor, ProcessorConfig, hookimpl, numerics
from optiplug_sgd.config import SGDConfig
from optiplug_sgd.sgd import SGD
from support.mutants.mutant import breaks


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


@breaks("passes_are_explained", r"explained, and 3 are, .*writes.*reads", momentum=0.9)
class DividesForTwoFormulas(SGD):
    """What XLA does not divide twice it writes to memory."""

    def update_step(self, gradient, variable):
        velocity, direction = self.momentum[variable], gradient / tf.sqrt(1 + tf.square(gradient))
        velocity.assign(0.9 * velocity + direction)
        variable.assign_sub(self.rate(variable) * (velocity + direction))


@breaks("passes_are_explained", r"explained, and 2 are, .*reads \S+.*reads \S+", momentum=0.9)
class LooksAtItsMomentumTwice(SGD):
    """Neither sum is one of the step's results."""

    def update_step(self, gradient, variable):
        super().update_step(gradient, variable)
        velocity = self.momentum[variable].value
        norm, size = numerics.global_norm([velocity]), numerics.total(tf.abs(velocity))
        variable.assign(numerics.where(size >= norm, variable, variable.old))


@breaks("passes_are_explained", "`passes` must be true: it explains 1, and there are 0")
class ExplainsWhatItDoesNot(SGD):
    class Config(SGDConfig):
        """Gradient descent."""

        passes: ClassVar = {"the norm of the gradient": 1}


@breaks("passes_are_explained", "and 2 are, of which `passes` explains 1.")
class ExplainsHalfOfIt(SGD):
    class Config(SGDConfig):
        """Gradient descent."""

        passes: ClassVar = {"the norm of the gradient": 1}

    def update_step(self, gradient, variable):
        norm, size = numerics.global_norm([gradient]), numerics.total(tf.abs(gradient))
        super().update_step(gradient / (norm + size), variable)


@breaks("passes_are_explained", "explained, and 1 are, of which `passes` explains 0")
class ClipsInSilence(Processor):
    class Config(ProcessorConfig):
        """A clip by the norm of all gradients."""

    @hookimpl
    def clip(self, gradients, step):
        norm = numerics.global_norm(gradients)
        return [each / tf.maximum(norm, 1.0) for each in gradients]
