"""State beside half precision, and checkpoints of earlier versions that have it in half precision."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import StateError


def variables():
    return [
        tf.Variable(tf.ones([3], tf.bfloat16), name="small"),
        tf.Variable(tf.ones([2], tf.bfloat16), name="other"),
        tf.Variable(tf.ones([2, 2], tf.float16), name="half"),
        tf.Variable(tf.ones([2]), name="single"),
    ]


def trained(**fields):
    optimizer, model = optiplug.create("adam", **fields), variables()
    for _ in range(2):
        optimizer.apply_gradients([(tf.ones_like(each), each) for each in model])
    return optimizer


def written(optimizer, folder):
    return tf.train.Checkpoint(optimizer=optimizer).write(str(folder / "checkpoint"))


@pytest.fixture
def narrow(tmp_path):
    """Return an optimizer whose state has the dtype of each variable, and its checkpoint."""
    # The names in it are those of earlier versions, in which this was the default.
    optimizer = trained(state_dtype="variable")
    return optimizer, written(optimizer, tmp_path)


def assert_holds(optimizer, saved):
    for name, state in saved.state.states.items():
        held = optimizer.state.states[name]
        assert held.dtype not in (tf.float16, tf.bfloat16)
        np.testing.assert_array_equal(held.numpy(), np.asarray(state.numpy(), held.numpy().dtype), name)


@pytest.mark.parametrize("pack", [True, False])
def test_narrow_state_is_read_after_build(narrow, pack):
    saved, path = narrow
    optimizer = optiplug.create("adam", pack_small_variables=pack)
    optimizer.build(variables())
    with pytest.warns(UserWarning, match="6 saved state variables are read into a wider dtype"):
        tf.train.Checkpoint(optimizer=optimizer).read(path).assert_consumed()
    assert_holds(optimizer, saved)


def test_narrow_state_is_read_before_build(narrow):
    saved, path = narrow
    optimizer = optiplug.create("adam")
    status = tf.train.Checkpoint(optimizer=optimizer).read(path)
    with pytest.warns(UserWarning, match="read into a wider dtype: 'momentum/half' and others"):
        optimizer.build(variables())
    status.assert_consumed()
    assert_holds(optimizer, saved)


def test_narrow_arrays_are_loaded(narrow):
    saved, path = narrow
    optimizer = optiplug.create("adam")
    optimizer.build(variables())
    with pytest.warns(UserWarning, match="read into a wider dtype"):
        optimizer.load_own_variables(optiplug.read_state(path))
    assert_holds(optimizer, saved)


def test_wide_state_is_saved_and_read_as_it_is(tmp_path):
    saved = trained()
    path = written(saved, tmp_path)
    for build_first in (True, False):
        optimizer, model = optiplug.create("adam"), variables()
        if build_first:
            optimizer.build(model)
        status = tf.train.Checkpoint(optimizer=optimizer).read(path)
        optimizer.build(model)
        status.assert_consumed()
        assert_holds(optimizer, saved)
    assert set(optiplug.read_state(path)) == set(saved.state.states)


def test_wide_state_is_not_read_into_narrow(tmp_path):
    path = written(trained(), tmp_path)
    optimizer = optiplug.create("adam", state_dtype="variable")
    optimizer.build(variables())
    with pytest.raises(StateError, match="saved state must fit"):
        tf.train.Checkpoint(optimizer=optimizer).read(path)


def test_it_is_saved_again_after_it_was_read(narrow, tmp_path):
    saved, path = narrow
    optimizer, again = optiplug.create("adam"), optiplug.create("adam")
    optimizer.build(variables())
    with pytest.warns(UserWarning, match="read into a wider dtype"):
        tf.train.Checkpoint(optimizer=optimizer).read(path)
    second = tf.train.Checkpoint(optimizer=optimizer).write(str(tmp_path / "second"))
    again.build(variables())
    tf.train.Checkpoint(optimizer=again).read(second).assert_consumed()
    assert_holds(again, saved)


@pytest.mark.parametrize("moment", ["before build", "after build"])
@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize(("saved", "present"), [("bfloat16", "float32"), ("float32", "bfloat16")])
def test_a_model_in_another_precision(tmp_path, saved, present, pack, moment):
    """The state is in float32 in both, but a checkpoint has another name for it beside half precision."""

    def model(dtype):
        names = ("kernel", "bias")
        return [tf.Variable(tf.ones([2], dtype), name=name) for name in names]

    first, second = (optiplug.create("adam", pack_small_variables=pack, jit_compile=False) for _ in range(2))
    first.apply_gradients([(tf.ones_like(each), each) for each in model(saved)])
    path = written(first, tmp_path)
    if moment == "after build":
        second.build(model(present))
    status = tf.train.Checkpoint(optimizer=second).read(path)
    second.build(model(present) if moment == "before build" else list(second.state.model_variables))

    status.assert_consumed()
    assert_holds(second, first)
