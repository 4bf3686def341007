"""Complex variables are refused when an optimizer is built, by name, where a formula is for real ones."""

from __future__ import annotations

import pytest
import tensorflow as tf

import optiplug
from optiplug import GradientsError, hookimpl

WAVE = "only real variables .* Received: 'wave, complex64'"


def wave():
    return tf.Variable(tf.ones([2], tf.complex64), name="wave")


class Doubles:
    @hookimpl
    def clip(self, gradients, step):
        return [2 * gradient for gradient in gradients]


class TrainsWhatItGets(optiplug.Optimizer):
    def update_step(self, gradient, variable):
        variable.assign_sub(gradient)


def test_a_formula_for_real_variables_refuses_at_build():
    optimizer = optiplug.create("ftrl")
    with pytest.raises(GradientsError, match=f"ftrl: {WAVE}.*complex_variables = True"):
        optimizer.build([wave()])


def test_a_refused_variable_leaves_no_trace():
    optimizer, weight = optiplug.create("ftrl"), tf.Variable(1.0, name="weight")
    with pytest.raises(GradientsError):
        optimizer.build([wave(), weight])
    assert not optimizer.state.states
    optimizer.build([weight])
    with pytest.raises(GradientsError):
        optimizer.apply_gradients([(tf.ones([2], tf.complex64), wave())])
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert float(weight) != 1


def test_a_keyword_for_real_variables_refuses_at_build():
    with pytest.raises(GradientsError, match=f"clip_by_value: {WAVE}.*`only` or `skip`"):
        optiplug.create("sgd", clipvalue=1.0).build([wave()])


def test_a_processor_may_leave_complex_variables_out():
    clip = {"use": "clip_by_value", "max_value": 0.5, "skip": ["wave"]}
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[clip])
    variable, weight = wave(), tf.Variable(1.0, name="weight")
    optimizer.apply_gradients([(tf.constant([2j, 0j], tf.complex64), variable), (tf.constant(2.0), weight)])
    assert variable.numpy().tolist() == [1 - 2j, 1]
    assert float(weight) == 0.5


def test_a_processor_that_is_added_late_refuses_too():
    optimizer, variable = optiplug.create("sgd", learning_rate=1.0), wave()
    optimizer.build([variable])
    with pytest.raises(GradientsError, match=f"non_negative: {WAVE}"):
        optimizer.add_processor(optiplug.registry.get("processors", "non_negative")())
    assert optimizer.processors == ()
    optimizer.apply_gradients([(tf.ones([2], tf.complex64), variable)])
    assert variable.numpy().tolist() == [0, 0]


def test_a_nested_optimizer_refuses_only_what_it_updates():
    groups = [
        {"name": "waves", "only": ["wave"], "optimizer": "adam"},
        {"name": "rest", "optimizer": "ftrl"},
    ]
    optimizer = optiplug.create("partition", groups=groups)
    optimizer.build([wave(), tf.Variable(1.0, name="weight")])
    with pytest.raises(GradientsError, match=r"rest: only real variables .* Received: 'other, complex64'"):
        optimizer.build([tf.Variable(tf.ones([2], tf.complex64), name="other")])


def test_what_says_nothing_of_itself_is_not_refused():
    optimizer, variable = TrainsWhatItGets("own", processors=[Doubles()]), wave()
    optimizer.apply_gradients([(tf.constant([2j, 0.5], tf.complex64), variable)])
    assert variable.numpy().tolist() == [1 - 4j, 0]


def test_an_override_of_what_refuses_is_not_refused(registered):
    @registered
    class Overrides(type(optiplug.create("ftrl"))):
        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    for optimizer in (Overrides(), optiplug.create("overrides")):
        variable = wave()
        optimizer.apply_gradients([(tf.constant([2j, 0.5], tf.complex64), variable)])
        assert variable.numpy().tolist() == [1 - 2j, 0.5]


@pytest.mark.parametrize(("state_dtype", "expected"), [(None, "float32"), ("bfloat16", "bfloat16")])
def test_a_slot_of_squares_is_real_in_the_state_dtype(state_dtype, expected):
    optimizer, variable = optiplug.create("adam", state_dtype=state_dtype), wave()
    optimizer.apply_gradients([(tf.constant([3 + 4j, 0], tf.complex64), variable)])
    state = optimizer.second_moment[variable]
    assert (state.dtype.name, optimizer.momentum[variable].dtype.name) == (expected, "complex64")
    assert state.numpy().astype("float32").tolist() == pytest.approx([0.025, 0.0], rel=4e-3)
