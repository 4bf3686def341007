"""Hooks, and what they return, are checked, and the one that is wrong is named."""

import re

import pytest
import tensorflow as tf

from optiplug import HookError, hookimpl
from optiplug_sgd.sgd import SGD


def step(optimizer, gradients=(2.0,), variables=None):
    variables = variables or [tf.Variable(1.0, name=f"v{i}") for i, _ in enumerate(gradients)]
    optimizer.apply_gradients(zip(map(tf.constant, gradients), variables, strict=True))
    return [float(variable) for variable in variables]


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


@pytest.mark.parametrize(
    ("result", "rule"),
    [
        (lambda values: (values, True), "(gradients, proceed, given) must be returned"),
        (lambda values: (values, True, True), "`given` must be a list with one for each gradient"),
        (lambda values: (values, True, []), "`given` must be a list with one for each gradient"),
        (lambda values: (values, True, [1.0]), "`given` must be a scalar boolean tensor"),
        (lambda _: (None, True, [True]), "a list of tensors must be returned"),
    ],
)
def test_what_a_gate_that_accumulates_returns_is_checked(result, rule):
    gate = hook("gate", result)
    gate.accumulates = True
    with pytest.raises(HookError, match=re.escape(rule)):
        step(SGD(processors=[gate]))


def test_a_wrapper_is_refused():
    class Wrapper:
        @hookimpl(wrapper=True)
        def clip(self, gradients):
            return (yield)

    with pytest.raises(HookError, match=r"hook 'clip' of 'wrapper'.*wrapper=True"):
        SGD(processors=[Wrapper()])


def near(self, gradient, step): ...
def far(self, grads_and_vars): ...
def of_another_stage(self, updates): ...
def starred(self, *gradients): ...
def doubly_starred(self, gradients, **rest): ...
def by_keyword(self, gradients, *, step): ...
def with_default(self, gradients, step=None): ...


@pytest.mark.parametrize(
    ("method", "received"),
    [
        (near, "'gradient'. Hint: did you mean 'gradients'"),
        (far, "'grads_and_vars'"),
        (of_another_stage, "'updates'"),
        (starred, "'*gradients'"),
        (doubly_starred, "'**rest'"),
        (by_keyword, "'step'"),
        (with_default, "'step=None'"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_arguments_are_those_of_the_stage(method, received):
    processor = type("Bad", (), {"clip": hookimpl(method)})()
    rule = "a hook takes the arguments of its stage by name, without defaults: gradients, step. Received: "
    with pytest.raises(HookError, match=re.escape(rule + received)) as error:
        SGD(processors=[processor])
    assert str(error.value).startswith(f"hook 'clip' of 'bad' ({__name__}.Bad): ")
    assert "hookimpl" not in str(error.value)


def test_arguments_of_its_own_may_have_defaults():
    class Scaled:
        @hookimpl
        def clip(self, gradients, factor=3.0):
            return [factor * each for each in gradients]

    assert step(SGD(learning_rate=0.5, jit_compile=False, processors=[Scaled()])) == [-2.0]


def test_a_hook_is_no_coroutine():
    class Later:
        @hookimpl
        async def clip(self, gradients): ...

    with pytest.raises(HookError, match=r"hook 'clip' of 'later'.*without `async`"):
        SGD(processors=[Later()])


def test_an_unknown_stage_is_refused_with_the_nearest():
    class Misspelt:
        @hookimpl
        def post_steps(self, step): ...

    with pytest.raises(HookError, match=r"named after a stage.*'post_steps'.*did you mean 'post_step'"):
        SGD(processors=[Misspelt()])


def test_nothing_can_be_assigned_before_aggregation():
    class Early:
        @hookimpl
        def pre_aggregate(self, gradients, step):
            step.variables[0].assign(0.0)
            return gradients

    with pytest.raises(HookError, match="nothing can be assigned before gradients are summed"):
        step(SGD(processors=[Early()]))
