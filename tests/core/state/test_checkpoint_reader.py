"""State out of a checkpoint, without an optimizer."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_adam.adam import Adam
from optiplug_sgd.sgd import SGD
from support.optimizer_states import FULL, assert_same_state, checkpoint, stored, trained


def test_read_state_is_what_was_saved(tmp_path):
    source = trained()[0]
    path = checkpoint(source).write(tmp_path / "checkpoint")
    store = optiplug.read_state(path)
    saved = stored(source)
    assert store.keys() == saved.keys()
    target = trained(steps=1)[0]
    target.load_own_variables(store)
    assert_same_state(stored(target), saved)


def test_read_state_lets_a_config_change_in_mid_training(tmp_path):
    """An average is added: it starts with the variables as they are now."""
    source, variables = trained(use_ema=False)
    path = checkpoint(source).write(tmp_path / "checkpoint")
    target = Adam(**FULL)
    target.build(variables)
    target.load_own_variables({**stored(target), **optiplug.read_state(path)})
    np.testing.assert_array_equal(target.state.states["ema/average/bias"], variables[1])
    assert int(target.iterations) == 3


def test_read_state_of_one_of_several(tmp_path):
    first, second = trained()[0], trained(steps=1)[0]
    pair = tf.train.Checkpoint(generator=first, discriminator=second)
    pair.save(tmp_path / "checkpoint")
    with pytest.raises(optiplug.StateError, match=r"name one of \['discriminator', 'generator'\]"):
        optiplug.read_state(tmp_path)
    assert optiplug.read_state(tmp_path, "discriminator")["iterations"] == 1
    assert optiplug.read_state(tmp_path, "generator")["iterations"] == 3


def test_read_state_says_why_there_is_none(tmp_path):
    with pytest.raises(optiplug.StateError, match="there is no checkpoint that can be read"):
        optiplug.read_state(tmp_path / "nowhere")
    path = tf.train.Checkpoint(variable=tf.Variable(1.0)).write(tmp_path / "checkpoint")
    with pytest.raises(optiplug.StateError, match="it holds no state of an optimizer of optiplug"):
        optiplug.read_state(path)


@pytest.mark.parametrize("name", ["a.b/c", "a.S/c", "..", "dense.kernel.S"])
def test_read_state_undoes_the_names_of_checkpoints(tmp_path, name):
    variable, optimizer = tf.Variable(1.0, name=name.replace("..", "a..b")), SGD(0.1, momentum=0.9)
    optimizer.build([variable])
    path = checkpoint(optimizer).write(tmp_path / "checkpoint")
    assert set(optiplug.read_state(path)) == set(optimizer.state.states)


def test_damaged_values_are_refused_or_as_they_were(tmp_path):
    optimizer, _ = trained()
    path = checkpoint(optimizer).write(tmp_path / "checkpoint")
    data = next(tmp_path.glob("*.data-*"))
    whole, refused = data.read_bytes(), 0
    for offset in range(0, len(whole), 40):
        damaged = bytearray(whole)
        damaged[offset] ^= 16
        data.write_bytes(damaged)
        try:
            assert_same_state(optiplug.read_state(path), dict(sorted(stored(optimizer).items())))
        except optiplug.StateError:
            refused += 1
    assert refused > 5
