"""Half precision and eight bits: what Keras does around the optimizer stays its own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import optiplug
from optiplug_keras import wrap
from support.keras_models import compiled, fit


@pytest.fixture
def half_precision(flavour):
    before = flavour.mixed_precision.global_policy() if flavour is not keras else keras.config.dtype_policy()
    flavour.mixed_precision.set_global_policy("mixed_float16")
    yield
    flavour.mixed_precision.set_global_policy(before)


@pytest.mark.sampled(2)
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


@pytest.mark.slow
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


class Custom:
    """Mixin of a model with a `train_step` of its own, as the pages of Keras write it."""

    scale = True

    def train_step(self, data):
        import tensorflow as tf

        inputs, labels = data
        with tf.GradientTape() as tape:
            outputs = self(inputs, training=True)
            loss = self.compute_loss(y=labels, y_pred=outputs)
            scaled = self.optimizer.scale_loss(loss) if self.scale else loss
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(scaled, variables), variables, strict=True))
        return {"loss": loss}


def half(flavour, optimizer, *, scale=True):
    flavour.utils.set_random_seed(1)
    inputs = flavour.Input((64,))
    outputs = flavour.layers.Dense(10)(inputs)
    kind = type("Half", (Custom, flavour.Model), {"scale": scale})
    built = kind(inputs, outputs)
    built.compile(optimizer, flavour.losses.SparseCategoricalCrossentropy(from_logits=True))
    return built


@pytest.mark.slow
@pytest.mark.parametrize("eager", [False, True], ids=["graph", "eager"])
def test_our_scale_scales_in_fit_without_more_ado(flavour, eager):
    rates = {"learning_rate": 0.05, "momentum": 0.9, "keras": flavour, "jit_compile": False}
    expected = fit(compiled(flavour, wrap("sgd", **rates), run_eagerly=eager))
    model = compiled(flavour, wrap("sgd", processors=["loss_scale"], **rates), run_eagerly=eager)
    np.testing.assert_allclose(fit(model), expected, rtol=1e-6)
    assert float(model.optimizer.optimizer.state.states["loss_scale/scale"].numpy()) == 2.0**15


@pytest.mark.usefixtures("half_precision")
def test_a_policy_and_our_scale_exclude_each_other(flavour):
    with pytest.raises(optiplug.ConfigError, match=r"a loss is scaled once: Keras would scale it.*LossScale"):
        compiled(flavour, wrap("sgd", processors=["loss_scale"], keras=flavour))
    model = compiled(flavour, wrap("sgd", keras=flavour, jit_compile=False))
    model.optimizer.inner_optimizer.optimizer.add_processor("loss_scale")
    with pytest.raises(optiplug.OptiplugError, match=r"a loss is scaled once|no loss was multiplied by it"):
        fit(model)


@pytest.mark.slow
@pytest.mark.usefixtures("half_precision")
@pytest.mark.parametrize("flavour", [keras])
def test_our_scale_in_the_place_of_keras_scale(flavour):
    expected = fit(compiled(flavour, wrap("sgd", learning_rate=0.05)))
    optimizer = wrap("sgd", learning_rate=0.05, processors=["loss_scale"])
    losses = fit(compiled(flavour, optimizer, auto_scale_loss=False))
    np.testing.assert_allclose(losses, expected, rtol=1e-3)


def test_a_factor_set_by_hand_and_our_scale_exclude_each_other():
    with pytest.raises(optiplug.ConfigError, match="a loss is scaled once"):
        wrap("sgd", processors=["loss_scale"]).loss_scale_factor = 8.0
    optimizer = wrap("sgd")
    optimizer.loss_scale_factor = 8.0
    optimizer.optimizer.add_processor("loss_scale")
    with pytest.raises(optiplug.ConfigError, match="a loss is scaled once"):
        optimizer.scale_loss(1.0)


@pytest.mark.sampled(2)
def test_a_train_step_of_ones_own(flavour):
    def ours(**fields):
        return wrap("sgd", learning_rate=0.05, jit_compile=False, keras=flavour, **fields)

    expected = fit(half(flavour, ours(), scale=False))
    assert fit(half(flavour, ours(processors=["loss_scale"]))) == expected
    with pytest.raises(optiplug.BuildError, match=r"no loss was multiplied by it.*scale_loss"):
        fit(half(flavour, ours(processors=["loss_scale"]), scale=False))
