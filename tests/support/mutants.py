"""Broken plugins, each in one way, and the check that has to find it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
import tensorflow as tf
from pydantic import ConfigDict, field_validator

from optiplug import Optimizer, Processor, ProcessorConfig, Schedule, ScheduleConfig, hookimpl
from optiplug_sgd.config import SGDConfig
from optiplug_sgd.sgd import SGD


class Mutant(NamedTuple):
    """A class, the check that it fails, what that check says, and hyperparameters."""

    plugin: Any
    check: str
    message: str
    fields: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.check}-{self.plugin.__name__}"


MUTANTS: list[Mutant] = []


def breaks(check: str, message: str, **fields: Any) -> Callable[[type], type]:
    """Enter the decorated class as one that fails `check` with a message that matches `message`."""

    def enter(plugin: type) -> type:
        MUTANTS.append(Mutant(plugin, check, message, fields))
        return plugin

    return enter


# Configs


@breaks("survives_json", "the config read back must equal the one written", learning_rate=1.0)
class HalvesWhatItIsGiven(SGD):
    class Config(SGDConfig):
        """Half the rate each time."""

        @field_validator("learning_rate")
        @classmethod
        def _half(cls, value):
            return value / 2


@breaks("refuses_unknown_keys", "1 must be refused")
class TakesWhateverComes(SGD):
    class Config(SGDConfig):
        """Anything goes."""

        model_config = ConfigDict(extra="ignore")


@breaks("refuses_what_is_no_number", "factor: nan must be refused")
class TakesNaN(SGD):
    class Config(SGDConfig):
        """Not a number will do."""

        model_config = ConfigDict(allow_inf_nan=True)
        factor: float = 1.0
        """A factor."""


@breaks("is_documented", r"every field must have a docstring below it.*\['factor'\]")
class SaysNothingOfAField(SGD):
    class Config(SGDConfig):
        """A field without a word."""

        factor: float = 1.0


@breaks("is_documented", "the docstring must start with a sentence")
class HasNoSummary(SGD):
    class Config(SGDConfig):
        """Good"""


@breaks("has_an_example", "factor: is required", factor=1.0)
class CannotBeTried(SGD):
    class Config(SGDConfig):
        """Nobody knows with which factor."""

        factor: float
        """A factor."""


@breaks("names_its_source", "`paper` must name")
class IsOfUnknownOrigin(SGD):
    class Config(SGDConfig):
        """From somewhere."""

        paper = ""


# Optimizers, and how their step runs


@breaks("traces_once", "must be traced once in 4 steps. Received: 4")
class ListsAHookAnewAtEachStep(SGD):
    class Nothing:
        @hookimpl
        def post_step(self, step):
            pass

    def apply_gradients(self, pairs, **keywords):
        hook = self.Nothing()
        self.add_processor(hook)
        super().apply_gradients(pairs, **keywords)
        self.remove_processor(hook)


@breaks("traced_equals_python", "run as Python: variable")
class CountsInPython(SGD):
    calls = 0

    def update_step(self, gradient, variable):
        self.calls += 1
        variable.assign_sub(self.rate(variable) / self.calls * gradient)


@breaks("uncompiled_equals_compiled", "not compiled: variable")
class DrawsNumbersThatDependOnTheCompiler(SGD):
    def update_step(self, gradient, variable):
        noise = tf.random.stateless_normal(gradient.shape, [1, 2], dtype=gradient.dtype)
        super().update_step(gradient + noise, variable)


@breaks("same_bits_in_graph_and_xla", "in a tf.function: variable")
class CountsCallsInPython(SGD):
    calls = 0

    def apply_gradients(self, pairs, **keywords):
        self.calls += 1
        return super().apply_gradients(
            [(each / self.calls, variable) for each, variable in pairs], **keywords
        )


@breaks("assigns_declared_state_only", r"all state must be declared. Received: \['hidden")
class KeepsAVariableToItself(SGD):
    def build(self, variables):
        super().build(variables)
        if not hasattr(self, "hidden"):
            self.hidden = tf.Variable(0.0, name="hidden")

    def update_step(self, gradient, variable):
        self.hidden.assign_add(1.0)
        super().update_step(gradient / self.hidden, variable)


@breaks("same_on_two_devices", "on two devices: variable")
class ForgetsToSumOverReplicas(SGD):
    def aggregate_gradients(self, grads_and_vars):
        return grads_and_vars


@breaks("instances_do_not_meet", "slot 'momentum' holds no state", momentum=0.9)
class KeepsStateOnTheClass(SGD):
    def build(self, variables):
        super().build(variables)
        type(self).shared = self.momentum

    def update_step(self, gradient, variable):
        velocity = self.shared[variable]
        velocity.assign(0.9 * velocity - gradient)
        variable.assign_add(self.rate(variable) * velocity)


@breaks("schedules_stand_for_numbers", "functools.partial")
class TakesTheRateForANumber(SGD):
    def update_step(self, gradient, variable):
        variable.assign_sub(self.config.learning_rate * gradient)


# The state of optimizers


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
        if hasattr(self, "momentum"):
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


# What comes as a gradient


@breaks("dense_equals_sparse", "with IndexedSlices: variable encoder/table differs")
class TakesTheLastOfDuplicateRows(SGD):
    def apply_gradients(self, pairs, **keywords):
        return super().apply_gradients(
            [(self._dense(each), variable) for each, variable in pairs], **keywords
        )

    @staticmethod
    def _dense(gradient):
        if not isinstance(gradient, tf.IndexedSlices):
            return gradient
        zeros = tf.zeros(gradient.dense_shape, gradient.dtype)
        return tf.tensor_scatter_nd_update(zeros, gradient.indices[:, None], gradient.values)


@breaks("order_does_not_matter", "in reverse order: ")
class SharesStateBetweenVariables(SGD):
    def build(self, variables):
        super().build(variables)
        self.size = self.add_state("size")

    def update_step(self, gradient, variable):
        self.size.assign(0.5 * self.size.value + 0.5 * tf.reduce_mean(tf.abs(gradient)))
        super().update_step(gradient / (1.0 + self.size.value), variable)


@breaks("accepts_every_dtype", "must not pass through float32")
class ComputesInFloat32(SGD):
    def update_step(self, gradient, variable):
        single = tf.cast(variable.value, tf.float32) - 0.01 * tf.cast(gradient, tf.float32)
        variable.assign(tf.cast(single, variable.dtype))


@breaks("accepts_every_dtype", "momentum/float64: the state of a float64 variable must be float64")
class KeepsItsStateInFloat32(SGD):
    def build(self, variables):
        super().build(variables)
        self.momentum = self.add_slot("momentum", dtype="float32")

    def update_step(self, gradient, variable):
        velocity = self.momentum[variable]
        velocity.assign(0.9 * velocity.value + tf.cast(gradient, tf.float32))
        variable.assign_sub(self.rate(variable) * tf.cast(velocity.value, variable.dtype))


@breaks("accepts_every_dtype", "(?i)float")
class MultipliesByAFloat32(SGD):
    def update_step(self, gradient, variable):
        super().update_step(gradient * tf.constant(0.5), variable)


@breaks("accepts_every_shape", "(?i)axis|dimension")
class WantsAnAxis(SGD):
    def update_step(self, gradient, variable):
        super().update_step(gradient - tf.reduce_mean(gradient, axis=0, keepdims=True), variable)


# The formulas of optimizers


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


@breaks("descends_a_quadratic", "the loss must fall")
class Climbs(SGD):
    def update_step(self, gradient, variable):
        super().update_step(-gradient, variable)


# Processors


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


@breaks("selectors_spare_the_others", "not selected: variable encoder/table differs")
class SeesEveryVariable(Hook):
    @hookimpl
    def post_step(self, step):
        for variable in map(step.frame.working, self._parameters):
            variable.assign(0.9 * variable.value)

    def build(self, variables):
        super().build(variables)
        self.add_state("count")


@breaks("owns_its_state", "two in a list must each have state of their own")
class HasAFixedName(Hook):
    def build(self, variables):
        self.owner = "mine"
        super().build(variables)
        self.count = self.add_state("count")

    @hookimpl
    def post_step(self, step):
        self.count.assign_add(1.0)


@breaks("traced_equals_python", "run as Python: variable")
class HalvesTheFirstGradientInPython(Hook):
    calls = 0

    @hookimpl
    def clip(self, gradients, step):
        self.calls += 1
        return [gradient / self.calls for gradient in gradients]


# Schedules


class Curve(Schedule):
    """What broken schedules derive from."""

    Config = ScheduleConfig


@breaks("gives_finite_scalars", "at step 0 in float32: must be finite")
class DividesByTheStep(Curve):
    def value(self, step):
        return 1 / step


@breaks("gives_finite_scalars", "at step 0 in float64: a scalar tensor of the dtype of `step`")
class IsAlwaysSingle(Curve):
    def value(self, step):
        return tf.constant(0.5)


@breaks("is_precise", "(?i)not equal to tolerance")
class IsMadeUp(Curve):
    def value(self, step):
        return tf.constant(np.random.default_rng().random(), step.dtype)


@breaks("same_in_graph_and_xla", "(?i)numpy")
class ComputesInNumPy(Curve):
    def value(self, step):
        return tf.constant(np.exp(-step.numpy()), step.dtype)


@breaks("same_in_graph_and_xla", "(?i)not equal to tolerance")
class FreezesInTheTrace(Curve):
    def value(self, step):
        return 1 / (1 + step) if tf.executing_eagerly() else tf.constant(0.5, step.dtype)


@breaks("drives_a_learning_rate", "with this learning rate: encoder/table differs")
class CountsItsCalls(Curve):
    calls: ClassVar[list[int]] = []

    def value(self, step):
        self.calls.append(1)
        return tf.constant(1 / len(self.calls), step.dtype)
