"""Optimizers whose step depends on how it is run."""

from __future__ import annotations

import tensorflow as tf

from optiplug import hookimpl
from optiplug_sgd.config import SGDConfig
from optiplug_sgd.sgd import SGD
from support.mutants.mutant import breaks


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
        type(self).calls += 1  # in an attribute of its own it would be refused
        variable.assign_sub(self.rate(variable) / self.calls * gradient)


@breaks("uncompiled_equals_compiled", "not compiled: variable")
class DrawsNumbersThatDependOnTheCompiler(SGD):
    def update_step(self, gradient, variable):
        noise = tf.random.stateless_normal(gradient.shape, [1, 2], dtype=gradient.dtype)
        super().update_step(gradient + noise, variable)


@breaks("joined_equals_apart", "with variables joined: variable")
class PromisesWhatItDoesNotKeep(SGD):
    class Config(SGDConfig):
        """Gradients less their mean."""

        elementwise = True

    def update_step(self, gradient, variable):
        super().update_step(gradient - tf.reduce_mean(gradient), variable)


class _Stackable(SGDConfig):
    """One matrix at a time."""

    elementwise, stackable = False, True


@breaks("joined_equals_apart", "with variables stacked: variable")
class MixesWhatIsStacked(SGD):
    Config = _Stackable

    def update_step(self, gradient, variable):
        super().update_step(gradient / (1 + tf.norm(gradient)), variable)


@breaks("joined_equals_apart", "with variables stacked: variable")
class StacksWhatItTellsApart(SGD):
    Config = _Stackable

    def update_step(self, gradient, variable):
        super().update_step(gradient * (2.0 if variable.path == "encoder/table" else 1.0), variable)


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
