"""Keras' `SwapEMAWeights` evaluates with the averages of the processor `ema`."""

from __future__ import annotations

from contextlib import nullcontext

import keras
import numpy as np
import pytest

import optiplug
from optiplug_keras import wrap
from support.strategies import mirrored

EMA = {"use_ema": True, "ema_momentum": 0.5}
LISTED = {"processors": [{"use": "ema", "momentum": 0.5}]}
INPUTS = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")
DATA = INPUTS, INPUTS @ np.float32([[1.0], [-2.0]])


def compiled(scope=None, **keywords):
    keras.utils.set_random_seed(1)
    with scope or nullcontext():
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(optimizer=wrap("sgd", learning_rate=0.1, **keywords), loss="mse", jit_compile=False)
    return model


def fit(model, *callbacks, epochs=1):
    history = model.fit(
        *DATA,
        batch_size=8,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        validation_data=DATA,
        callbacks=callbacks,
    )
    return history.history["val_loss"]


@pytest.mark.slow
@pytest.mark.parametrize("swap_on_epoch", [False, True])
@pytest.mark.parametrize("keywords", [EMA, LISTED], ids=["keyword", "listed"])
def test_what_is_evaluated_are_the_averages(keywords, swap_on_epoch):
    expected = []

    class Averages(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            with self.model.optimizer.optimizer.averaged_weights():
                expected.append(self.model.evaluate(*DATA, verbose=0))

    fit(compiled(**keywords), Averages(), epochs=3)
    model = compiled(**keywords)
    losses = fit(model, keras.callbacks.SwapEMAWeights(swap_on_epoch=swap_on_epoch), epochs=3)

    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    states = model.optimizer.optimizer.state.states
    for variable in model.trainable_variables:
        average = next(each for name, each in states.items() if name.endswith(f"average/{variable.path}"))
        np.testing.assert_allclose(variable.numpy(), average.numpy(), rtol=1e-6)


@pytest.mark.slow
def test_under_a_mirrored_strategy():
    swap = keras.callbacks.SwapEMAWeights()
    alone = fit(compiled(**EMA), swap, epochs=2)
    np.testing.assert_allclose(fit(compiled(mirrored(2).scope(), **EMA), swap, epochs=2), alone, rtol=1e-5)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "keywords",
    [{}, {"processors": [{"use": "ema", "only": ["*kernel"]}]}, {"processors": ["swa"]}],
    ids=["none", "some", "another"],
)
def test_without_an_average_of_each_variable(keywords):
    with pytest.raises(optiplug.ConfigError, match=r"needs an average of each variable.*averaged_weights"):
        fit(compiled(**keywords), keras.callbacks.SwapEMAWeights())
