"""Broken processors."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Processor, ProcessorConfig, hookimpl, numerics
from support.mutants.mutant import breaks


class Hook(Processor):
    """What broken processors derive from."""

    Config = ProcessorConfig


@breaks("takes_part_in_a_stage", "must take part in at least one stage")
class IsNoHook(Hook):
    def clip(self, gradients, step):
        return gradients


@breaks("takes_part_in_a_stage", "clips")
class MisspellsItsStage(Hook):
    @hookimpl
    def clips(self, gradients, step):
        return gradients


@breaks("selectors_spare_the_others", "through `step.variables`")
class SeesEveryVariable(Hook):
    @hookimpl
    def post_step(self, step):
        for variable in map(step.frame.working, self._state_owner().model_variables):
            variable.assign(0.9 * variable.value)

    def build(self, variables):
        super().build(variables)
        self.add_state("count")


@breaks("owns_its_state", "two in a list must each have state of their own")
class HasAFixedName(Hook):
    def build(self, variables):
        super().build(variables)
        self._state_owner().prefix = "mine"
        self.count = self.add_state("count")

    @hookimpl
    def post_step(self, step):
        self.count.assign_add(1.0)


@breaks("scaled_loss_trains_alike", "of a scaled loss: ")
class ScalesTheLossAndNotBack(Hook):
    def scale_loss(self, loss):
        return 2.0 * loss

    @hookimpl
    def clip(self, gradients, step):
        return gradients


@breaks("traced_equals_python", "run as Python: variable")
class HalvesTheFirstGradientInPython(Hook):
    calls = 0

    @hookimpl
    def clip(self, gradients, step):
        self.calls += 1
        return [gradient / self.calls for gradient in gradients]


@breaks("calls_of_a_step_come_in_any_order", "any of the calls must be updated")
class ForgetsWhatTheLastCallDoesNotGive(Hook):
    """Two calls are a step, but only for what has a gradient in the second one."""

    def build(self, variables):
        super().build(variables)
        self.sum = self.add_slot("sum")
        self.count = self.add_state("count")

    @hookimpl
    def gate(self, gradients, step):
        totals, last = [], tf.equal(self.count, 1.0)
        self.count.assign(1.0 - self.count)
        for gradient, variable in zip(gradients, step.variables, strict=True):
            totals.append(self.sum[variable] + gradient)
            self.sum[variable].assign(numerics.where(last, tf.zeros_like(gradient), totals[-1]))
        return totals, last
