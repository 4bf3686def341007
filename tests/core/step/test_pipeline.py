import re

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


def test_a_hook_is_one_class_with_one_method():
    assert step(SGD(1.0, processors=[Halve()])) == [0.0]


def test_hooks_run_in_the_order_of_the_config():
    assert step(SGD(1.0, processors=[Halve(), AddOne()])) == [1.0 - (2 / 2 + 1)]
    assert step(SGD(1.0, processors=[AddOne(), Halve()])) == [1.0 - (2 + 1) / 2]


def test_a_hook_has_a_name_after_register():
    optiplug.register(Halve, name="halve_for_test")
    try:
        assert step(
            optiplug.from_config({"use": "sgd", "learning_rate": 1.0, "processors": ["halve_for_test"]})
        ) == [0.0]
        config = SGD(1.0, processors=[Halve()]).get_config()
        assert config["processors"][0]["use"] == "halve_for_test"
    finally:
        optiplug.registry.unregister("processors", "halve_for_test")


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


def test_a_selected_hook_sees_only_its_variables():
    class Halves(optiplug.Processor):
        class Config(optiplug.ProcessorConfig):
            """Halve."""

        @hookimpl
        def clip(self, gradients, step):
            assert len(gradients) == len(step.variables) == len(step.every_variable)
            return [gradient / 2 for gradient in gradients]

    Halves.Config.implementation = Halves
    assert step(SGD(1.0, processors=[Halves(only=["v1"])]), [2.0, 2.0]) == [-1.0, 0.0]
    assert step(SGD(1.0, processors=[Halves(skip=["*1"])]), [2.0, 2.0]) == [0.0, -1.0]
    assert step(SGD(1.0, processors=[Halves(min_ndim=1)]), [2.0, 2.0]) == [-1.0, -1.0]
    with pytest.raises(
        optiplug.ConfigError, match=r"halves.only: a pattern must match.*'v1_'.*did you mean 'v1'"
    ):
        step(SGD(1.0, processors=[Halves(only=["v1_"])]), [2.0, 2.0])


def hook(stage, result, **options):
    def method(self, gradients=None, updates=None, step=None):
        return result

    def gradients_stage(self, gradients, step):
        return result(gradients)

    def updates_stage(self, updates, step):
        return result(updates)

    function = updates_stage if stage == "update" else gradients_stage
    return type("Bad", (), {stage: hookimpl(**options)(function) if options else hookimpl(function)})()


CHAINED = ("pre_aggregate", "clip", "decay", "update")


@pytest.mark.parametrize("stage", CHAINED)
@pytest.mark.parametrize(
    ("result", "rule"),
    [
        (lambda _: None, "a list of tensors must be returned. Received: None"),
        (lambda values: values[0], "a list of tensors must be returned"),
        (lambda values: [*values, values[0]], "1 tensors must be returned, one for each that was given"),
        (lambda _: [None], "a tensor must be returned in every place. Received: 'None in place 0'"),
        (
            lambda values: [tf.stack([values[0]] * 2)],
            "a float32 tensor of shape () must be returned in place 0",
        ),
        (lambda values: [tf.cast(values[0], tf.float64)], "a float32 tensor of shape () must be returned"),
    ],
)
def test_what_a_hook_returns_is_checked_and_the_hook_named(stage, result, rule):
    variable = tf.Variable(1.0)
    with pytest.raises(HookError, match=re.escape(rule)) as error:
        step(SGD(processors=[hook(stage, result)]), variables=[variable])
    assert str(error.value).startswith(
        f"hook {stage!r} of 'bad' (test_pipeline.Bad)".replace("test_pipeline", __name__)
    )
    assert float(variable) == 1.0


@pytest.mark.parametrize(
    ("result", "rule"),
    [
        (lambda values: values, "(gradients, proceed) must be returned"),
        (lambda values: (values, 1.0), "`proceed` must be a scalar boolean tensor"),
        (lambda values: (values, [True]), "`proceed` must be a scalar boolean tensor"),
        (lambda _: (None, True), "a list of tensors must be returned"),
    ],
)
def test_what_a_gate_returns_is_checked(result, rule):
    with pytest.raises(HookError, match=re.escape(rule)):
        step(SGD(processors=[hook("gate", result)]))


@pytest.mark.parametrize("option", ["tryfirst", "trylast"])
def test_no_order_but_that_of_the_config(option):
    with pytest.raises(HookError, match=rf"hook 'clip' of 'bad'.*order of the config.*{option}=True"):
        SGD(processors=[hook("clip", lambda values: values, **{option: True})])


def test_a_wrapper_is_refused():
    class Wrapper:
        @hookimpl(wrapper=True)
        def clip(self, gradients):
            return (yield)

    with pytest.raises(HookError, match=r"hook 'clip' of 'wrapper'.*wrapper=True"):
        SGD(processors=[Wrapper()])


def test_an_unknown_argument_is_refused_by_name():
    class Misspelt:
        @hookimpl
        def clip(self, gradient, step):
            return gradient

    with pytest.raises(HookError, match=r"'misspelt'.*gradient.*declared in the hookimpl but"):
        SGD(processors=[Misspelt()])


def test_an_unknown_stage_is_refused_with_the_nearest():
    class Misspelt:
        @hookimpl
        def post_steps(self, step): ...

    with pytest.raises(HookError, match=r"named after a stage.*'post_steps'.*did you mean 'post_step'"):
        SGD(processors=[Misspelt()])


def test_the_same_hook_twice_is_refused():
    halve = Halve()
    with pytest.raises(HookError, match="already registered"):
        SGD(processors=[halve, halve])


def test_nothing_can_be_assigned_before_aggregation():
    class Early:
        @hookimpl
        def pre_aggregate(self, gradients, step):
            step.variables[0].assign(0.0)
            return gradients

    with pytest.raises(HookError, match="nothing can be assigned before gradients are summed"):
        step(SGD(processors=[Early()]))


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
