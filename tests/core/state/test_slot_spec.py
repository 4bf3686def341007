import pytest
import tensorflow as tf

from optiplug._state.slot_spec import SlotSpec


def test_by_default_state_is_like_its_variable():
    variable = tf.Variable(tf.zeros([3, 2], tf.float64))
    spec = SlotSpec()
    assert (spec.shape_for(variable), spec.dtype_for(variable)) == ([3, 2], tf.float64)
    assert spec.initial_for(variable) == 0.0


@pytest.mark.parametrize(
    ("stored", "expected"), [(None, tf.float32), ("variable", tf.bfloat16), ("bfloat16", tf.bfloat16)]
)
def test_half_precision_is_kept_in_more_digits(stored, expected):
    variable = tf.Variable(tf.zeros([3], tf.bfloat16))
    spec = SlotSpec(stored_dtype=stored)
    assert spec.dtype_for(variable) == expected
    assert spec.widens(variable) is (stored is None)


def test_state_may_begin_as_its_variable():
    variable = tf.Variable([1.0, 2.0])
    assert SlotSpec(initial="variable").initial_for(variable).numpy().tolist() == [1.0, 2.0]
    assert SlotSpec(initial=lambda each: 2 * each).initial_for(variable).numpy().tolist() == [2.0, 4.0]
