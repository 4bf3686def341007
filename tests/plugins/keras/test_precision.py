"""Half precision and eight bits: what Keras does around the optimizer stays its own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from optiplug_keras import wrap
from support.keras_models import compiled, fit


@pytest.fixture
def half_precision(flavour):
    before = flavour.mixed_precision.global_policy() if flavour is not keras else keras.config.dtype_policy()
    flavour.mixed_precision.set_global_policy("mixed_float16")
    yield
    flavour.mixed_precision.set_global_policy(before)


@pytest.mark.usefixtures("half_precision")
def test_loss_is_scaled(flavour, tmp_path):
    expected = fit(compiled(flavour, flavour.optimizers.SGD(0.05, momentum=0.9)), epochs=2)
    model = compiled(flavour, wrap("sgd", learning_rate=0.05, momentum=0.9, keras=flavour))

    losses = fit(model, epochs=2)

    assert "LossScaleOptimizer" in type(model.optimizer).__name__
    np.testing.assert_allclose(losses, expected, rtol=1e-3)
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = flavour.models.load_model(tmp_path / "model.keras")
    inner = loaded.optimizer.inner_optimizer.optimizer
    assert inner.config == model.optimizer.inner_optimizer.optimizer.config
    assert fit(loaded) == fit(model)


@pytest.mark.usefixtures("half_precision")
def test_steps_with_infinite_gradients_are_left_out(flavour):
    model = compiled(flavour, wrap("sgd", learning_rate=0.1, keras=flavour))
    before = [variable.numpy() for variable in model.trainable_variables]
    model.optimizer.build(model.trainable_variables)

    gradients = [np.full(variable.shape, np.inf, np.float32) for variable in model.trainable_variables]
    tensors = [keras.ops.convert_to_tensor(gradient) for gradient in gradients]
    model.optimizer.apply_gradients(list(zip(tensors, model.trainable_variables, strict=True)))

    for variable, start in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), start)


def test_loss_scale_that_is_set_by_hand():
    optimizer = wrap("sgd", learning_rate=1.0)
    optimizer.loss_scale_factor = 8.0
    weight = keras.Variable([1.0])

    assert float(optimizer.scale_loss(2.0)) == 16.0
    optimizer.apply([keras.ops.array([4.0])], [weight])
    assert weight.numpy().tolist() == [0.5]


@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have a `quantize` method")
def test_scales_of_float8_are_not_trained():
    def losses(optimizer):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Dense(1)])
        model.quantize("float8")
        model.compile(optimizer=optimizer, loss="mse")
        inputs = np.random.default_rng(0).random((64, 4), np.float32)
        history = model.fit(inputs, inputs.sum(1), epochs=3, shuffle=False, verbose=0)
        return model, history.history["loss"]

    _, expected = losses(keras.optimizers.SGD(0.01, momentum=0.9))
    model, ours = losses(wrap("sgd", learning_rate=0.01, momentum=0.9))

    np.testing.assert_allclose(ours, expected, rtol=1e-5)
    assert len(model.optimizer.optimizer.state.homes) == 4  # momentum of two kernels and two biases
