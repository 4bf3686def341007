"""What checkpoints hold of an optimizer, and a SavedModel that is read as one."""

from __future__ import annotations

import pytest
import tensorflow as tf

import optiplug
from support.optimizer_states import assert_same_state, stored


class Model(tf.Module):
    """Two small variables, whose state is joined, and their optimizer."""

    def __init__(self):
        super().__init__()
        self.kernel, self.bias = tf.Variable([[1.0, 2.0]], name="kernel"), tf.Variable([3.0], name="bias")
        self.optimizer = optiplug.create("sgd", momentum=0.9, jit_compile=False)

    def step(self):
        self.optimizer.apply_gradients([(tf.ones([1, 2]), self.kernel), (tf.ones([1]), self.bias)])


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    model, folder = Model(), tmp_path_factory.mktemp("exported")
    model.step()
    assert model.optimizer.state.packs
    tf.saved_model.save(model, str(folder))
    return model, f"{folder}/variables/variables"


def test_saved_model_is_read_into_what_is_built(exported):
    trained, path = exported
    model = Model()
    model.optimizer.build([model.kernel, model.bias])

    tf.train.Checkpoint(model).read(path)

    assert_same_state(stored(model.optimizer), stored(trained.optimizer))
    assert model.bias.numpy() == trained.bias.numpy()


def test_saved_model_is_told_before_the_build(exported):
    trained, path = exported
    model = Model()

    with pytest.warns(UserWarning, match="sgd: the state in a SavedModel is not restored before `build`"):
        tf.train.Checkpoint(model).read(path)

    model.step()
    assert int(model.optimizer.iterations) == 1
    assert model.bias.numpy() == trained.bias.numpy() - model.optimizer.learning_rate.numpy()


def test_an_attribute_in_the_place_of_the_state_is_refused():
    class Other(optiplug.Optimizer):
        def __init__(self):
            super().__init__(name="other", jit_compile=False)
            self.manifest = tf.Variable(1.0)

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    with pytest.raises(optiplug.ConfigError, match="'manifest' cannot hold variables"):
        Other().apply_gradients([(tf.constant(1.0), tf.Variable(1.0))])
