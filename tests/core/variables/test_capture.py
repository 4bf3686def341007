import numpy as np
import pytest
import tensorflow as tf

from optiplug import HookError
from optiplug._step.operands import commit
from optiplug._variables.capture import Frame, current_frame


def frame_of(*variables):
    keys = {id(variable): variable for variable in variables}
    return Frame(keys, {key: variable.name for key, variable in keys.items()})


def test_assignments_are_captured_and_written_once_at_the_commit():
    variable = tf.Variable([1.0, 2.0])
    frame = frame_of(variable)
    working = frame.working(variable)
    working.assign_add([1.0, 1.0])
    working.assign_sub(working * 0.5)
    np.testing.assert_array_equal(working.value, [1.0, 1.5])
    np.testing.assert_array_equal(working.old, [1.0, 2.0])
    np.testing.assert_array_equal(variable, [1.0, 2.0])
    commit(frame)
    np.testing.assert_array_equal(variable, [1.0, 1.5])


def test_a_variable_that_was_only_read_is_not_written():
    variable = tf.Variable(1.0)
    frame = frame_of(variable)
    assert float(frame.working(variable) + 1) == 2.0
    assert frame.assigned == []


@pytest.mark.parametrize(
    "expression",
    [
        lambda x: x + 2.0,
        lambda x: 2.0 - x,
        lambda x: x * x,
        lambda x: 1.0 / x,
        lambda x: -x,
        abs,
        lambda x: x**2,
        lambda x: 2.0**x,
        lambda x: x // 2.0,
        lambda x: x % 2.0,
        lambda x: x > 1.5,
        lambda x: x[0],
        tf.sqrt,
        lambda x: tf.where(x > 1.5, x, 0.0),
        lambda x: tf.cast(x, tf.float64),
        lambda x: tf.constant([1.0, 2.0]) - x,
        lambda x: np.array([1.0, 2.0], "float32") * x,
    ],
)
def test_it_stands_for_a_tensor(expression):
    variable = tf.Variable([1.0, 2.0])
    expected = expression(tf.constant([1.0, 2.0]))
    np.testing.assert_array_equal(expression(frame_of(variable).working(variable)), expected)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_half_precision_is_computed_in_float32_and_rounded_once(dtype):
    variable = tf.Variable(1.0, dtype=dtype)
    frame = frame_of(variable)
    working = frame.working(variable)
    for _ in range(64):
        working.assign_add(2.0**-10)  # each alone would be lost in bfloat16
    assert working.dtype == tf.float32
    commit(frame)
    assert variable.dtype == dtype
    assert float(variable) == 1.0625


def test_rows_are_added_subtracted_and_replaced():
    variable = tf.Variable(tf.zeros([3, 2]))
    working = frame_of(variable).working(variable)
    rows = tf.IndexedSlices(tf.ones([2, 2]), tf.constant([2, 2]), tf.constant([3, 2]))
    working.scatter_add(rows)
    np.testing.assert_array_equal(working.value[:, 0], [0.0, 0.0, 2.0])
    working.scatter_sub(rows)
    np.testing.assert_array_equal(working.value[:, 0], [0.0, 0.0, 0.0])
    working.scatter_update(tf.IndexedSlices(tf.fill([1, 2], 5.0), tf.constant([1])))
    np.testing.assert_array_equal(working.value[:, 0], [0.0, 5.0, 0.0])


def test_a_value_of_another_shape_is_refused_by_name():
    variable = tf.Variable([1.0, 2.0], name="kernel")
    with pytest.raises(HookError, match=r"kernel:0: a value of shape \(2,\) must be assigned.*\(3,\)"):
        frame_of(variable).working(variable).assign([1.0, 2.0, 3.0])


def test_a_stopped_frame_keeps_old_values():
    variable = tf.Variable(1.0)
    frame = frame_of(variable)
    frame.require(tf.constant(False))
    frame.working(variable).assign(5.0)
    commit(frame)
    assert float(variable) == 1.0


def test_frames_nest():
    outer, inner = frame_of(), frame_of()
    assert current_frame() is None
    with outer:
        with inner:
            assert current_frame() is inner
        assert current_frame() is outer
    assert current_frame() is None


def test_an_update_is_what_was_added():
    variable = tf.Variable([2.0**20, 2.0**20])
    working = frame_of(variable).working(variable)
    working.assign_sub([0.5, 0.5])  # before it is watched
    working.watch_update()
    working.assign_sub([1e-6, 2e-6])
    working.assign_add(1e-6)
    np.testing.assert_array_equal(working.update, np.float32([0.0, -2e-6]) + np.float32([0.0, 1e-6]))


def test_an_update_of_what_is_assigned_is_a_difference():
    variable = tf.Variable([1.0, 2.0])
    working = frame_of(variable).working(variable)
    working.watch_update()
    np.testing.assert_array_equal(working.update, [0.0, 0.0])
    working.assign_add([1.0, 1.0])
    working.assign([5.0, 5.0])
    np.testing.assert_array_equal(working.update, [4.0, 3.0])


def test_an_update_is_replaced():
    variable = tf.Variable([1.0, 2.0])
    working = frame_of(variable).working(variable)
    working.watch_update()
    working.assign_sub([0.5, 0.5])
    working.replace_update(tf.constant([1.0, -1.0]))
    np.testing.assert_array_equal(working.value, [2.0, 1.0])
    np.testing.assert_array_equal(working.update, [1.0, -1.0])


def conditional(variable, condition):
    keys = {id(variable): variable}
    conditions = {id(variable): tf.constant(condition)}
    return Frame(keys, dict.fromkeys(keys, variable.name), conditions=conditions)


@pytest.mark.parametrize("condition", [True, False])
def test_what_may_have_no_gradient_is_assigned_where_it_has_one(condition):
    variable = tf.Variable([1.0, 2.0])
    frame = conditional(variable, condition)
    working = frame.working(variable)
    working.assign([5.0, 5.0])
    working.assign_add([1.0, 1.0])
    commit(frame)
    np.testing.assert_array_equal(variable, [6.0, 6.0] if condition else [1.0, 2.0])


def test_an_unconditional_view_is_of_the_same_value():
    variable = tf.Variable(1.0)
    working = conditional(variable, False).working(variable)
    view = working.unconditional()
    view.assign(3.0)
    working.assign(5.0)
    assert (float(working.value), float(view.value), float(view.old)) == (3.0, 3.0, 1.0)
    assert frame_of(variable).working(variable).unconditional().always


def test_what_was_assigned_earlier_is_read_and_written():
    variable = tf.Variable(1.0)
    keys = {id(variable): variable}
    earlier = {id(variable): tf.constant(2.0)}
    frame = Frame(keys, dict.fromkeys(keys, variable.name), earlier=earlier)
    assert float(frame.working(variable).value) == float(frame.working(variable).old) == 2.0
    commit(frame)
    assert float(variable) == 2.0


def test_a_wrong_shape_is_found_before_anything_is_written():
    one, other = tf.Variable([1.0, 2.0]), tf.Variable([1.0, 2.0])

    @tf.function(autograph=False)
    def run(count):
        with frame_of(one, other) as frame:
            frame.working(one).assign([3.0, 3.0])
            frame.working(other).assign(tf.ones([4])[:count])
            commit(frame)

    with pytest.raises(tf.errors.InvalidArgumentError):
        run(tf.constant(3))
    np.testing.assert_array_equal(one, [1.0, 2.0])
    run(tf.constant(2))
    np.testing.assert_array_equal(other, [1.0, 1.0])
