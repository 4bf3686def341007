"""State that is saved, set and restored, and training that goes on from there."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_sgd.sgd import SGD


def test_own_variables_are_saved_and_loaded_by_name():
    def trained():
        optimizer, variable = SGD(0.1, momentum=0.9, use_ema=True), tf.Variable([1.0, 2.0], name="w")
        optimizer.build([variable])
        return optimizer, variable

    (one, variable), (other, _) = trained(), trained()
    one.apply_gradients([(tf.constant([1.0, 1.0]), variable)])
    store = {}
    one.save_own_variables(store)
    assert list(store) == ["iterations", "learning_rate", "ema/average/w", "momentum/w"]
    other.load_own_variables(store)
    for mine, theirs in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for broken, row in [
        ({**store, "momentum/w": np.zeros(3, "float32")}, r"momentum/w\s+float32 \(3,\)\s+float32 \(2,\)"),
        ({**store, "momentum/v": np.zeros(2, "float32")}, r"momentum/v\s+float32 \(2,\)\s+-"),
        ({key: store[key] for key in list(store)[:-1]}, r"momentum/w\s+-\s+float32 \(2,\)"),
    ]:
        with pytest.raises(optiplug.StateError, match=row):
            other.load_own_variables({**broken, "iterations": np.int64(77)})
        assert int(other.iterations) == 1, "nothing was changed"


def test_weights_are_set_in_order():
    optimizer = SGD(0.1, momentum=0.9)
    optimizer.build([tf.Variable([1.0, 2.0])])
    optimizer.set_weights([np.int64(7), np.float32(0.5), np.array([3.0, 4.0])])
    assert int(optimizer.iterations) == 7
    assert float(optimizer.learning_rate) == 0.5
    np.testing.assert_array_equal(optimizer.variables[2], [3.0, 4.0])
    with pytest.raises(optiplug.StateError, match="give one array for each of `variables`"):
        optimizer.set_weights([np.int64(7)])


@pytest.mark.sampled(2)
@pytest.mark.parametrize("restore", ["before build", "after build"])
def test_a_checkpoint_continues_bit_for_bit(tmp_path, restore):
    def fresh():
        variable = tf.Variable([1.0, 2.0], name="w")
        optimizer = SGD(
            {"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 20},
            momentum=0.9,
            use_ema=True,
            processors=[{"use": "accumulate", "steps": 2}, {"use": "add_noise", "eta": 0.1}],
        )
        return variable, optimizer, tf.train.Checkpoint(model=[variable], optimizer=optimizer)

    def train(variable, optimizer, steps):
        for _ in range(steps):
            optimizer.apply_gradients([(variable * 0.5, variable)])
        return [variable.numpy(), *(each.numpy() for each in optimizer.variables)]

    variable, optimizer, _ = fresh()
    uninterrupted = train(variable, optimizer, 11)
    variable, optimizer, checkpoint = fresh()
    train(variable, optimizer, 5)
    path = checkpoint.write(str(tmp_path / "checkpoint"))
    variable, optimizer, checkpoint = fresh()
    if restore == "after build":
        optimizer.build([variable])
    status = checkpoint.read(path)
    resumed = train(variable, optimizer, 6)
    status.assert_consumed()
    for one, other in zip(resumed, uninterrupted, strict=True):
        np.testing.assert_array_equal(one, other)
