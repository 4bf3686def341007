"""Calls of a traced function with tensors as they are."""

import pytest
import tensorflow as tf

from optiplug._step.flat_call import FlatCall
from optiplug_sgd.sgd import SGD


@pytest.fixture
def traced():
    """Return a call that adds what it is given to a variable, the variable, and the shapes of each trace."""
    total, traces = tf.Variable(0.0), []

    @tf.function(autograph=False)
    def add(tensors):
        traces.append([(each.dtype, each.shape) for each in tensors])
        total.assign_add(tf.add_n([tf.reduce_sum(tf.cast(each, tf.float32)) for each in tensors]))

    return FlatCall(add, add.get_concrete_function), total, traces


def test_a_trace_is_kept_for_each_dtype_and_shape(traced):
    call, total, traces = traced
    given = [[tf.ones(2)], [tf.ones(2) * 2], [tf.ones(3)], [tf.ones(2, tf.float64)], [tf.ones(2), tf.ones(1)]]
    for tensors in [*given, *given]:
        call(tensors)
    assert len(traces) == 4
    assert float(total) == 2 * (2 + 4 + 3 + 2 + 3)


def test_functions_that_are_to_run_eagerly_do(traced):
    call, total, traces = traced
    call([tf.ones(2)])
    tf.config.run_functions_eagerly(True)
    try:
        call([tf.ones(2)])
        call([tf.ones(2)])
    finally:
        tf.config.run_functions_eagerly(False)
    assert len(traces) == 3
    assert float(total) == 6.0


def test_what_is_no_plain_tensor_is_left_to_tensorflow(traced):
    call, total, _ = traced
    call([tf.Variable([1.0, 2.0])])
    assert float(total) == 3.0


def test_a_variable_that_is_captured_may_be_assigned_in_between(traced):
    call, total, _ = traced
    call([tf.ones(2)])
    total.assign(10.0)
    call([tf.ones(2)])
    assert float(total) == 12.0


def test_an_error_of_a_step_is_that_of_tensorflow():
    @tf.function(autograph=False)
    def require_positive(tensors):
        tf.debugging.assert_positive(tensors[0], "too small")

    call = FlatCall(require_positive, require_positive.get_concrete_function)
    call([tf.ones(1)])
    with pytest.raises(tf.errors.InvalidArgumentError, match="too small"):
        call([-tf.ones(1)])


def test_a_step_inside_of_a_tape_is_taken():
    weight, optimizer = tf.Variable(2.0), SGD(0.5)
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = weight * 1.0
            optimizer.apply_gradients([(tf.constant(1.0), weight)])
        assert float(tape.gradient(loss, weight)) == 1.0
    assert float(weight) == 1.0


def test_gradients_of_another_dtype_and_back_are_taken():
    weight, optimizer = tf.Variable([2.0]), SGD(0.5)
    for dtype in (tf.float32, tf.float16, tf.float32, tf.float64, tf.float16):
        optimizer.apply_gradients([(tf.ones(1, dtype), weight)])
    assert weight.numpy().tolist() == [-0.5]
