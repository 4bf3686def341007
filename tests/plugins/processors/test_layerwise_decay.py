"""Layers by their names: which factor they get, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug

PATHS = ["embed/table", "block_1/kernel", "block_1/bias", "block_10/kernel", "head/kernel", "scale"]
LAYERS = ["embed/*", "block_1/*", "block_10/*", "head/*"]


def changes(*, use="sgd", **fields):
    """Return what one step takes from variables that are 1 and have gradients of 1."""
    variables = [tf.Variable([1.0, 1.0], dtype=tf.float64, name=path) for path in PATHS]
    layers = {"use": "layerwise_decay", "layers": LAYERS, **fields}
    optimizer = optiplug.create(use, learning_rate=0.1, weight_decay=0.5, processors=[layers])
    optimizer.apply_gradients([(tf.ones_like(variable), variable) for variable in variables])
    return [float(1 - variable[0]) for variable in variables]


@pytest.mark.parametrize("decay", [0.5, {"use": "constant", "value": 0.5}])
def test_each_layer_has_its_rate_for_decay_too(decay):
    factors = np.array([0.125, 0.25, 0.25, 0.5, 1.0, 0.75])
    np.testing.assert_allclose(changes(decay=decay, rest=0.75), factors * 0.1 * 1.5, rtol=1e-13)


def test_the_default_is_that_of_fine_tuning():
    expected = np.array([0.75**3, 0.75**2, 0.75**2, 0.75, 1, 1]) * 0.15
    np.testing.assert_allclose(changes(), expected, rtol=1e-13)


def test_a_layer_may_be_one_path_with_brackets():
    variables = [tf.Variable([1.0], name=name) for name in ("layer[0]/bias", "layer[1]/bias")]
    decay = {"use": "layerwise_decay", "decay": 0.5, "layers": [f"layer[{number}]/bias" for number in (0, 1)]}
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[decay], jit_compile=False)
    optimizer.apply_gradients([(tf.ones_like(variable), variable) for variable in variables])
    assert [float(variable[0]) for variable in variables] == [0.5, 0.0]


def test_a_layer_without_variables_is_refused():
    with pytest.raises(optiplug.ConfigError, match=r"layers\[1\].*did you mean 'block_1/bias'"):
        changes(layers=["embed/*", "block_1/bais"])


def test_a_variable_in_two_layers_is_refused():
    with pytest.raises(optiplug.ConfigError, match=r"layers\[2\].*'block_10/kernel'.*'block_1\*'"):
        changes(layers=["embed/*", "block_1*", "block_10*"])


def test_there_must_be_a_layer():
    with pytest.raises(optiplug.ConfigError, match="layers"):
        changes(layers=[])


def test_a_layer_that_a_model_has_not_may_be_optional():
    expected = np.array([0.75**3, 0.75**2, 0.75**2, 0.75, 1, 1]) * 0.15
    np.testing.assert_allclose(changes(layers=["?stem/*", *LAYERS]), expected, rtol=1e-13)
