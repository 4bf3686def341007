"""A step runs where its variables are."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug

DEVICES = ["CPU:0", "CPU:1"]
FIELDS = {"momentum": 0.9, "global_clipnorm": 1.0, "use_ema": True, "processors": ["skip_non_finite"]}


def variables_on(*devices):
    variables = []
    for device in devices:
        with tf.device(device):
            variables.append(tf.Variable([[1.0, 2.0], [3.0, 4.0]], name=f"on_{len(variables)}"))
    return variables


def trained(variables, gradient, *, graph=False, **fields):
    optimizer = optiplug.create("sgd", learning_rate=0.25, **fields)

    def step():
        optimizer.apply_gradients([(gradient, variable) for variable in variables])

    function = tf.function(step) if graph else step
    for _ in range(2):
        function()
    return optimizer


def slices():
    return tf.IndexedSlices(tf.constant([[0.5, 0.5]]), tf.constant([1]), tf.constant([2, 2]))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("fields", [{}, FIELDS, {"sparse": "lazy"}], ids=["plain", "everything", "lazy"])
def test_variables_may_be_on_another_device(fields, graph):
    gradient = slices() if "sparse" in fields else tf.fill([2, 2], 0.5)
    here, there = (variables_on(device, device) for device in DEVICES)
    trained(here, gradient, graph=graph, **fields)
    optimizer = trained(there, gradient, graph=graph, **fields)
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert {each.device[-5:] for each in optimizer.state.created.values()} == {"CPU:1"}
    assert optimizer.trace_count == 1


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("fields", [FIELDS, {"sparse": "lazy"}], ids=["everything", "lazy"])
def test_variables_on_several_devices_run_uncompiled(fields, graph):
    gradient = slices() if "sparse" in fields else tf.fill([2, 2], 0.5)
    together, apart = variables_on("CPU:0", "CPU:0"), variables_on(*DEVICES)
    trained(together, gradient, graph=graph, jit_compile=False, **fields)
    with pytest.warns(UserWarning, match="CPU:0, .*CPU:1, and XLA compiles for one") as given:
        optimizer = trained(apart, gradient, graph=graph, **fields)
    assert len([each for each in given if "XLA" in str(each.message)]) == 1
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(other.numpy(), one.numpy(), rtol=1e-6)
    for variable in apart:
        beside = [each for name, each in optimizer.state.created.items() if name.endswith(variable.name[:-2])]
        assert {each.device for each in beside} <= {variable.device}


def test_several_devices_without_a_compiler_warn_of_nothing(recwarn):
    trained(variables_on(*DEVICES), tf.fill([2, 2], 0.5), jit_compile=False)
    assert not list(recwarn)


def test_the_device_of_a_call_changes_nothing():
    (variable,) = variables_on("CPU:1")
    optimizer = optiplug.create("sgd", learning_rate=0.25)
    for device in (None, *DEVICES):
        with tf.device(device):
            optimizer.apply_gradients([(tf.ones([2, 2]), variable)])
    assert variable.numpy().tolist() == [[0.25, 1.25], [2.25, 3.25]]
    assert optimizer.trace_count == 1
    assert "ROOT" in optimizer.compiled_program()


def test_final_values_are_assigned_on_every_device():
    variables = variables_on(*DEVICES)
    optimizer = trained(variables, tf.ones([2, 2]), jit_compile=False, use_ema=True, ema_momentum=0.5)
    optimizer.finalize_variable_values(variables)
    for variable in variables:
        np.testing.assert_allclose(variable.numpy()[0], [0.6875, 1.6875])
