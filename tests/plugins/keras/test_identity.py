"""State is with its variable after a save and a load, or the load is refused."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from support.identity_matrix import CELLS, compiled, pairwise

PAIRS = set(pairwise(CELLS))


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize(
    "cell",
    [pytest.param(cell, id=str(cell), marks=() if cell in PAIRS else pytest.mark.slow) for cell in CELLS],
)
def test_state_is_with_its_variable(cell, tmp_path):
    outcome = cell.run(tmp_path)

    assert not outcome.wrong
    assert not outcome.refused or cell.may_be_refused


def test_lora_merges_its_weights_into_the_kernel_and_begins_anew(tmp_path):
    """Keras saves the merged kernel, so what is loaded has other variables of the adaptation."""
    inputs = keras.Input((3,))
    first, second = keras.layers.Dense(3, name="first"), keras.layers.Dense(3, name="second")
    model = compiled(keras, keras.Model(inputs, second(first(inputs))))
    first.enable_lora(2)
    model.optimizer.build(model.trainable_variables)
    ours = model.optimizer.optimizer
    for place, variable in enumerate(ours.own_variables):
        ours.momentum[variable].assign(tf.fill(variable.shape, float(place)))
    model.save(tmp_path / "model.keras")

    with pytest.warns(UserWarning, match=r"that of \['first/lora_kernel_a'\]"):
        loaded = keras.models.load_model(tmp_path / "model.keras").optimizer.optimizer

    for path in ("first/bias", "second/kernel", "second/bias"):
        name = f"momentum/{path}"
        np.testing.assert_array_equal(loaded.state.states[name].numpy(), ours.state.states[name].numpy())
    assert not loaded.state.states["momentum/first/lora_kernel_a"].numpy().any()
