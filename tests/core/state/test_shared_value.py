"""Shared state is saved as if it were whole, and goes on with any number of replicas."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug.checkpoint import Checkpoints
from support.sharded_runs import Run, assert_same
from support.strategies import mirrored

PLACES = {
    "one": tf.distribute.get_strategy,
    "two": lambda: mirrored(2),
    "four": lambda: mirrored(4),
}
# Restoring is tried here, and not what XLA makes of it.
CONFIG = {
    "use": "adamw",
    "learning_rate": 0.1,
    "global_clipnorm": 0.5,
    "use_ema": True,
    "jit_compile": False,
}
HALF, END = range(2), range(2, 4)
FORMS = [(place, sharded) for place in PLACES for sharded in (True, False)]


def run(place, sharded, *, dtype="float64"):
    return Run(PLACES[place](), CONFIG, sharded=sharded, dtype=dtype)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The path of a checkpoint of each form, and the state in it."""
    found = {}
    for place, sharded in FORMS:
        before = run(place, sharded).train(HALF)
        path = before.checkpoint.write(str(tmp_path_factory.mktemp("saved") / place))
        found[place, sharded] = path, before.state, before.train(END)
    return found


@pytest.mark.sampled(7)
@pytest.mark.parametrize("to", FORMS, ids=str)
@pytest.mark.parametrize("origin", FORMS, ids=str)
@pytest.mark.parametrize("built", [False, True], ids=["new", "built"])
def test_a_checkpoint_goes_on_anywhere(origin, to, built, saved):
    path, _, expected = saved[origin]
    after = run(*to)
    if built:
        after.train(range(1))
    after.checkpoint.restore(path).expect_partial()
    with after.strategy.scope():
        after.optimizer.build(after.variables)
    assert_same(after.train(END), expected)


def test_keys_are_those_of_whole_state(saved):
    keys = {origin: set(dict(tf.train.list_variables(saved[origin][0]))) for origin in FORMS}
    assert len(set(map(frozenset, keys.values()))) == 1


@pytest.mark.parametrize("sharded", [True, False])
def test_arrays_go_in_and_out(sharded, saved):
    _, state, expected = saved["two", not sharded]
    by_name, by_place = run("four", sharded).train(range(1)), run("four", sharded).train(range(1))
    by_name.optimizer.load_own_variables(state)
    by_place.optimizer.set_weights([each.numpy() for each in by_name.optimizer.state.states.values()])
    for each in (by_name, by_place):
        assert list(each.state) == list(state)
        for name, value in each.state.items():
            np.testing.assert_array_equal(value, state[name])
    assert expected.state.keys() == state.keys()


@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_library_of_checkpoints_keeps_it(asynchronous, tmp_path):
    before, after = run("two", True).train(HALF), run("four", True).train(range(1))
    with Checkpoints(tmp_path, before.values, asynchronous=asynchronous) as checkpoints:
        checkpoints.save(2)
        before.train(END)  # what a thread may still be writing is not what comes after
    with Checkpoints(tmp_path, after.values) as checkpoints:
        assert checkpoints.restore().step == 2
    assert_same(after.train(END), before)


def test_half_precision_keeps_its_state(tmp_path):
    runs = [run("two", sharded, dtype="bfloat16").train(HALF) for sharded in (True, False)]
    assert_same(*runs)
    assert runs[0].state["momentum/table"].dtype == np.float32
    path = runs[0].checkpoint.write(str(tmp_path / "saved"))
    after = run("four", True, dtype="bfloat16")
    after.checkpoint.restore(path).expect_partial()
    with after.strategy.scope():
        after.optimizer.build(after.variables)
    np.testing.assert_array_equal(after.train(range(0)).model["table"], runs[0].model["table"])
    np.testing.assert_array_equal(after.train(END).state["iterations"], 4)


def test_a_value_of_another_shape_is_refused():
    optimizer = run("two", True).train(range(1)).optimizer
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        optimizer.state.states["momentum/table"].assign(np.zeros([126, 131]))


def test_a_model_is_exported_with_the_whole(tmp_path):
    before = run("two", True).train(HALF)
    module = tf.Module()
    module.optimizer, module.model = before.optimizer, before.variables
    tf.saved_model.save(module, str(tmp_path))
    state = optiplug.read_state(tmp_path / "variables/variables")
    for name, value in before.state.items():
        np.testing.assert_array_equal(value, state[name], err_msg=name)
