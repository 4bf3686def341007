"""A module with its optimizer and train step, exported as a SavedModel, trains on."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.strategies import mirrored, on_each_replica

EVERYTHING = {
    "learning_rate": {"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 20},
    "processors": [{"use": "accumulate", "steps": 2}, {"use": "clip_by_global_norm", "max_norm": 1.0}],
    "use_ema": True,
}
BATCH = tf.TensorSpec([4, 2], tf.float32)


class Training(tf.Module):
    """A model, its optimizer, and one step of training."""

    def __init__(self, **changes):
        super().__init__()
        self.kernel = tf.Variable([[0.5], [-0.5]], name="kernel")
        self.bias = tf.Variable([0.0], name="bias")
        self.optimizer = optiplug.create("adam", **{**EVERYTHING, **changes})
        self.optimizer.build([self.kernel, self.bias])

    def take_step(self, inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((inputs @ self.kernel + self.bias - 1.0) ** 2)
        variables = [self.kernel, self.bias]
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    @tf.function(input_signature=[BATCH])
    def step(self, inputs):
        return self.take_step(inputs)

    @tf.function(input_signature=[BATCH])
    def serve(self, inputs):
        return inputs @ self.kernel + self.bias


def batches(first, last):
    for step in range(first, last):
        yield tf.constant(np.random.default_rng(step).normal(size=(4, 2)).astype("float32"))


def losses(step, first, last):
    return [float(step(batch)) for batch in batches(first, last)]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("jit_compile", [True, False])
def test_it_goes_on_with_the_same_losses(tmp_path, jit_compile):
    training = Training(jit_compile=jit_compile)
    losses(training.step, 0, 5)
    tf.saved_model.save(training, tmp_path)
    loaded = tf.saved_model.load(tmp_path)
    assert losses(loaded.step, 5, 12) == losses(training.step, 5, 12)
    np.testing.assert_array_equal(loaded.kernel, training.kernel)


@pytest.mark.slow
def test_it_goes_on_through_its_signature(tmp_path):
    training = Training()
    losses(training.step, 0, 4)
    tf.saved_model.save(training, tmp_path, signatures={"step": training.step, "serve": training.serve})
    signature = tf.saved_model.load(tmp_path).signatures["step"]
    (name,) = signature.structured_outputs
    assert losses(lambda batch: signature(inputs=batch)[name], 4, 8) == losses(training.step, 4, 8)


@pytest.mark.slow
def test_a_step_that_was_never_taken_is_exported_too(tmp_path):
    tf.saved_model.save(Training(), tmp_path)
    assert losses(tf.saved_model.load(tmp_path).step, 0, 6) == losses(Training().step, 0, 6)


def test_a_step_without_a_signature_needs_a_call_first(tmp_path):
    class Untraced(Training):
        @tf.function
        def step(self, inputs):
            return self.take_step(inputs)

    never, once = Untraced(), Untraced()
    losses(once.step, 0, 1)
    tf.saved_model.save(never, tmp_path / "never")
    tf.saved_model.save(once, tmp_path / "once")
    with pytest.raises(ValueError, match="Found zero restored functions"):
        losses(tf.saved_model.load(tmp_path / "never").step, 1, 2)
    assert losses(tf.saved_model.load(tmp_path / "once").step, 1, 4) == losses(once.step, 1, 4)


@pytest.mark.slow
def test_the_state_of_an_export_continues_in_python(tmp_path):
    training = Training()
    losses(training.step, 0, 5)
    tf.saved_model.save(training, tmp_path)
    again = Training()
    again.optimizer.load_own_variables(optiplug.read_state(tmp_path / "variables" / "variables"))
    again.kernel.assign(training.kernel)
    again.bias.assign(training.bias)
    assert losses(again.step, 5, 9) == losses(training.step, 5, 9)


@pytest.mark.slow
def test_from_mirrored_devices_by_way_of_a_checkpoint(tmp_path):
    """TensorFlow exports no train step of a MirroredStrategy; that of one device has the same numbers."""
    strategy = mirrored(2)
    with strategy.scope():
        training = Training(processors=[])
    step = on_each_replica(strategy, training.take_step, graph=True)
    for batch in batches(0, 3):
        step([batch, batch])
    path = tf.train.Checkpoint(training).write(tmp_path / "checkpoint")

    single = Training(processors=[])
    tf.train.Checkpoint(single).read(path).assert_consumed()
    tf.saved_model.save(single, tmp_path / "export")
    loaded = tf.saved_model.load(tmp_path / "export")
    np.testing.assert_array_equal(loaded.kernel, training.kernel)
    assert losses(loaded.step, 3, 6) == losses(single.step, 3, 6)
