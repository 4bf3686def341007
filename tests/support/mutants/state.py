"""Optimizers that are careless with their state."""

from __future__ import annotations

from typing import ClassVar

import tensorflow as tf

from optiplug import Optimizer
from optiplug_sgd.sgd import SGD
from support.mutants.mutant import breaks


@breaks("build_is_idempotent", "after a second build: the names of state differ")
class NamesItsStateAnewAtEachBuild(SGD):
    def build(self, variables):
        super().build(variables)
        self.momentum = self.add_slot(f"momentum_{len(self.variables)}")


@breaks("resumes_bit_for_bit", "resumed before build: variable", momentum=0.9)
class HidesStateFromTheCheckpoint(SGD):
    def build(self, variables):
        super().build(variables)
        if not hasattr(self, "hidden"):
            hidden = tf.Variable(0.0)
            self.hidden = lambda: hidden

    def update_step(self, gradient, variable):
        self.hidden().assign_add(1.0)
        super().update_step(gradient / self.hidden(), variable)


@breaks("a_failed_step_changes_nothing", "after a step that failed: calls differs")
class AssignsItsStateAtOnce(SGD):
    def build(self, variables):
        super().build(variables)
        self.calls = self.add_state("calls")

    def update_step(self, gradient, variable):
        self.calls.variable.assign_add(1.0)
        super().update_step(gradient, variable)


@breaks("reports_what_it_allocates", "the report must tell")
class GrowsWithEachBuild(SGD):
    builds: ClassVar[int] = 0

    def build(self, variables):
        super().build(variables)
        type(self).builds += 1
        self.add_state("history", shape=[self.builds])


@breaks("takes_late_variables", "slot 'momentum' holds no state", momentum=0.9)
class IgnoresLateVariables(SGD):
    def build(self, variables):
        if "momentum" in vars(self):
            Optimizer.build(self, variables)
        else:
            super().build(variables)


@breaks("takes_late_variables", "when variables were added: momentum/encoder/table differs", momentum=0.9)
class ForgetsWhenVariablesAreAdded(SGD):
    def build(self, variables):
        super().build(variables)
        for velocity in self.momentum:
            velocity.assign(tf.zeros(velocity.shape))


@breaks("spares_what_has_no_gradient", "without gradient: momentum/decoder/kernel differs", momentum=0.9)
class TouchesTheStateOfOthers(SGD):
    def update_step(self, gradient, variable):
        super().update_step(gradient, variable)
        for velocity in self.momentum:
            velocity.assign(0.9 * velocity.value)


@breaks("keeps_state_in_another_dtype", "must be kept in bfloat16", momentum=0.9)
class InsistsOnItsDtype(SGD):
    def build(self, variables):
        super(SGD, self).build(variables)
        self.momentum = self.add_slot("momentum", dtype=tf.float32)
