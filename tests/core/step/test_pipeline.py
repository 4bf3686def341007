import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import HookError, hookimpl
from optiplug_sgd.sgd import SGD


def step(optimizer, gradients=(2.0,), variables=None):
    variables = variables or [tf.Variable(1.0, name=f"v{i}") for i, _ in enumerate(gradients)]
    optimizer.apply_gradients(zip(map(tf.constant, gradients), variables, strict=True))
    return [float(variable) for variable in variables]


class Halve:
    @hookimpl
    def clip(self, gradients):
        return [gradient / 2 for gradient in gradients]


class AddOne:
    @hookimpl
    def clip(self, gradients, step):
        return [gradient + 1 for gradient in gradients]


def test_hooks_run_in_the_order_of_the_config():
    assert step(SGD(1.0, processors=[Halve(), AddOne()])) == [1.0 - (2 / 2 + 1)]
    assert step(SGD(1.0, processors=[AddOne(), Halve()])) == [1.0 - (2 + 1) / 2]


def test_a_hook_can_come_and_go_after_the_first_step():
    optimizer, variable, halve = SGD(1.0, momentum=0.5), tf.Variable(0.0), Halve()
    step(optimizer, variables=[variable])
    optimizer.add_processor(halve)
    assert step(optimizer, variables=[variable]) == [-2.0 - (0.5 * 2.0 + 1.0)]
    assert optimizer.trace_count == 2
    optimizer.remove_processor(halve)
    assert step(optimizer, variables=[variable]) == [-4.0 - (0.5 * 2.0 + 2.0)]
    assert optimizer.trace_count == 3


def hook_of_every_stage(calls):
    class Every:
        @hookimpl
        def post_step(self, step):
            calls.append("post_step")

        @hookimpl
        def update(self, updates, step):
            calls.append("update")
            return updates

        @hookimpl
        def decay(self, gradients):
            calls.append("decay")
            return gradients

        @hookimpl
        def clip(self, gradients):
            calls.append("clip")
            return gradients

        @hookimpl
        def gate(self, gradients):
            calls.append("gate")
            return gradients, True

        @hookimpl
        def pre_aggregate(self, gradients):
            calls.append("pre_aggregate")
            return gradients

        @hookimpl
        def finalize(self, step):
            calls.append("finalize")

    return Every()


def test_every_stage_is_run_in_its_place():
    calls = []
    optimizer, variable = SGD(processors=[hook_of_every_stage(calls)]), tf.Variable(1.0)
    for _ in range(3):
        step(optimizer, variables=[variable])
    optimizer.finalize_variable_values([variable])
    traced = list(dict.fromkeys(calls))
    assert traced == ["pre_aggregate", "gate", "clip", "decay", "update", "post_step", "finalize"]
    assert max(map(calls.count, traced)) == 1, "a hook runs while tracing and never again"


def test_an_update_hook_sees_what_any_optimizer_proposes():
    seen = {}

    class Reverse:
        @hookimpl
        def update(self, updates, step):
            seen["variables"] = [variable.path for variable in step.variables]
            return [-update for update in updates]

    assert step(SGD(0.5, momentum=0.9, processors=[Reverse()])) == [2.0]
    assert seen == {"variables": ["v0"]}


def test_the_same_hook_twice_is_refused():
    halve = Halve()
    with pytest.raises(HookError, match="already registered"):
        SGD(processors=[halve, halve])


def test_gates_nest():
    """A gate after one that says no keeps its state; its own state always commits."""

    class Gate(optiplug.Processor):
        class Config(optiplug.ProcessorConfig):
            """Let through what is above a threshold."""

            threshold: float = 0.0

        def build(self, variables):
            super().build(variables)
            self.seen = self.add_state("seen", dtype="int64")

        @hookimpl
        def gate(self, gradients):
            self.seen.assign_add(1)
            return gradients, gradients[0] > self.config.threshold

    Gate.Config.implementation = Gate
    first, second = Gate(threshold=1.0, name="first"), Gate(threshold=2.0, name="second")
    optimizer, variable = SGD(1.0, processors=[first, second]), tf.Variable(0.0)
    for gradient in (0.5, 1.5, 2.5):
        step(optimizer, [gradient], [variable])
    assert int(first.seen.numpy()) == 3
    assert int(second.seen.numpy()) == 2
    assert int(optimizer.iterations) == 1
    assert float(variable) == -2.5


def test_processors_of_one_kind_have_state_of_their_own():
    optimizer = SGD(processors=[{"use": "ema", "momentum": 0.5}, {"use": "ema", "momentum": 0.9}])
    step(optimizer)
    assert {"ema/average/v0", "ema_2/average/v0"} <= set(optimizer.state.states)


def test_one_processor_cannot_serve_two_optimizers():
    ema = optiplug.create("ema", momentum=0.9)
    step(SGD(processors=[ema]))
    with pytest.raises(RuntimeError, match="belongs to another optimizer"):
        step(SGD(processors=[ema]))


def test_gradients_of_unselected_variables_pass_by():
    optimizer = SGD(1.0, processors=[{"use": "clip_by_global_norm", "max_norm": 1.0, "only": ["v0"]}])
    np.testing.assert_allclose(step(optimizer, [5.0, 5.0]), [0.0, -4.0])
