"""A hook in its place: its name, its options and the variables that it sees."""

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


def test_a_hook_is_one_class_with_one_method():
    assert step(SGD(1.0, processors=[Halve()])) == [0.0]


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
    with pytest.raises(
        optiplug.ConfigError, match=r"halves: a selection must choose.*'min_ndim': 1.*v0 \(0\)"
    ):
        step(SGD(1.0, processors=[Halves(min_ndim=1)]), [2.0, 2.0])
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


@pytest.mark.parametrize("option", ["tryfirst", "trylast"])
def test_no_order_but_that_of_the_config(option):
    with pytest.raises(HookError, match=rf"hook 'clip' of 'bad'.*order of the config.*{option}=True"):
        SGD(processors=[hook("clip", lambda values: values, **{option: True})])
