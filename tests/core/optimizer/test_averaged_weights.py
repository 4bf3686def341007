"""`averaged_weights` puts the averages in place and takes them out again, bit for bit."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_sgd.sgd import SGD
from support.strategies import devices, mirrored, on_each_replica

EMA = {"use": "ema", "momentum": 0.7}


def trained(dtype="float32", **changes):
    generator = np.random.default_rng(0)
    variables = [tf.Variable(tf.cast(generator.normal(size=size), dtype)) for size in ((3,), (2, 2), ())]
    optimizer = SGD(0.1, momentum=0.9, **{"processors": [EMA], "jit_compile": False, **changes})
    for _ in range(4):
        optimizer.apply_gradients(
            [(tf.cast(generator.normal(size=each.shape), dtype), each) for each in variables]
        )
    return optimizer, variables


def values(variables):
    return [variable.numpy().tobytes() for variable in variables]


def averages(optimizer, variables):
    (ema,) = [each for each in optimizer.processors if hasattr(each, "average")]
    # Rounded as the variables are: beside half precision an average is float32.
    return [tf.cast(ema.average[each].value, each.dtype).numpy().tobytes() for each in variables]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64"])
def test_averages_are_in_place_inside_and_only_there(dtype):
    optimizer, variables = trained(dtype)
    before, state = values(variables), values(optimizer.variables)
    assert before != averages(optimizer, variables)
    for _ in range(2):
        with optimizer.averaged_weights():
            assert values(variables) == averages(optimizer, variables)
        assert values(variables) == before
        assert values(optimizer.variables) == state


def test_training_goes_on_as_if_nothing_had_been():
    (optimizer, variables), (other, others) = trained(jit_compile=True), trained(jit_compile=True)
    with optimizer.averaged_weights():
        pass
    for one, its in ((optimizer, variables), (other, others)):
        one.apply_gradients([(each * 0.5, each) for each in its])
    assert values(variables) == values(others)


def test_variables_come_back_after_an_exception():
    optimizer, variables = trained()
    before = values(variables)
    with pytest.raises(tf.errors.InvalidArgumentError), optimizer.averaged_weights():
        variables[0].assign(tf.reshape(variables[0], [7]))
    assert values(variables) == before
    with optimizer.averaged_weights():
        assert values(variables) == averages(optimizer, variables)


def test_variables_come_back_if_the_averages_fail():
    class Broken:
        @optiplug.hookimpl
        def finalize(self, step):
            step.variables[0].assign(step.variables[0] + 1)
            raise ZeroDivisionError

    optimizer, variables = trained(processors=[EMA, Broken()])
    before = values(variables)
    with pytest.raises(ZeroDivisionError), optimizer.averaged_weights():
        pass
    assert values(variables) == before


def test_nested_use_is_refused():
    optimizer, variables = trained()
    before = values(variables)
    with optimizer.averaged_weights():
        with pytest.raises(optiplug.BuildError, match="in place already"), optimizer.averaged_weights():
            pass
        assert values(variables) == averages(optimizer, variables)
    assert values(variables) == before


def test_without_averages_it_says_what_to_add():
    optimizer, _ = trained(processors=[])
    with (
        pytest.raises(optiplug.BuildError, match=r"use_ema=True.*'use': 'ema'"),
        optimizer.averaged_weights(),
    ):
        pass


def test_before_build_there_are_none():
    optimizer = SGD(0.1, use_ema=True)
    with pytest.raises(optiplug.BuildError, match="no averages before `build`"), optimizer.averaged_weights():
        pass


def test_any_processor_that_finalizes_has_averages():
    """`finalize` is the one protocol: whatever assigns final values is evaluated with them."""

    class Half:
        @optiplug.hookimpl
        def finalize(self, step):
            for variable in step.variables:
                variable.assign(variable / 2)

    optimizer, variables = trained(processors=[Half()])
    before = [variable.numpy() for variable in variables]
    with optimizer.averaged_weights():
        for variable, value in zip(variables, before, strict=True):
            np.testing.assert_array_equal(variable, value / 2)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.parametrize("replicas", [2, 4])
def test_on_mirrored_devices(replicas):
    strategy = mirrored(replicas)
    with strategy.scope():
        variables = [tf.Variable([1.0, 2.0], name="kernel"), tf.Variable(3.0, name="bias")]
        optimizer = SGD(0.1, momentum=0.9, use_ema=True, ema_momentum=0.5)
    step = on_each_replica(
        strategy, lambda scale: optimizer.apply_gradients([(v * scale, v) for v in variables]), graph=True
    )
    for _ in range(3):
        step([0.5 / replicas] * replicas)
    each = range(replicas)
    before = [devices(strategy, variables, device) for device in each]
    averaged = [optimizer.state.states[f"ema/average/{name}"] for name in ("kernel", "bias")]
    with optimizer.averaged_weights():
        for device in each:
            for value, expected in zip(
                devices(strategy, variables, device), devices(strategy, averaged, device), strict=True
            ):
                np.testing.assert_array_equal(value, expected)
    for device in each:
        for value, expected in zip(devices(strategy, variables, device), before[device], strict=True):
            np.testing.assert_array_equal(value, expected)
