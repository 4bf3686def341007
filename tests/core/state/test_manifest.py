"""A checkpoint of other state than the optimizer's is refused as a whole."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_adam.adam import Adam
from support.optimizer_states import FULL, assert_same_state, checkpoint, model, stored, trained

RATE = {"use": "constant", "value": 0.1}
OTHERS = {
    "a slot missing": ({"amsgrad": True}, ("second_moment_max/kernel", "-", "float32 (2, 2)")),
    "a slot too many": ({"use_ema": False}, ("ema/average/kernel", "float32 (2, 2)", "-")),
    "a schedule for a rate": (
        {"learning_rate": RATE},
        ("learning_rate", "float32 ()", "-"),
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_checkpoint_of_another_config_changes_nothing(tmp_path, kind):
    changes, row = OTHERS[kind]
    path = checkpoint(trained()[0]).write(tmp_path / "checkpoint")
    optimizer, _ = trained(steps=1, **changes)
    before = stored(optimizer)
    with pytest.raises(optiplug.StateError, match="nothing was changed") as caught:
        checkpoint(optimizer).read(path)
    assert row in caught.value.differences
    assert_same_state(stored(optimizer), before)


@pytest.mark.parametrize("kind", OTHERS)
def test_such_a_checkpoint_is_refused_at_build_too(tmp_path, kind):
    changes, row = OTHERS[kind]
    path = checkpoint(trained()[0]).write(tmp_path / "checkpoint")
    optimizer = Adam(**{**FULL, **changes})
    checkpoint(optimizer).read(path).expect_partial()
    with pytest.raises(optiplug.StateError) as caught:
        optimizer.build(model())
    assert row in caught.value.differences
    assert "momentum/kernel" not in optimizer.state.states


@pytest.mark.parametrize("moment", ["before build", "after build"])
def test_a_model_of_another_shape(tmp_path, moment):
    path = checkpoint(trained()[0]).write(tmp_path / "checkpoint")
    variables = [tf.Variable([1.0], name="kernel"), tf.Variable([5.0, 6.0], name="bias")]
    optimizer = Adam(**FULL)
    if moment == "before build":
        checkpoint(optimizer).read(path).expect_partial()
        with pytest.raises(optiplug.StateError) as caught:
            optimizer.build(variables)
    else:
        optimizer.build(variables)
        with pytest.raises(optiplug.StateError) as caught:
            checkpoint(optimizer).read(path)
    assert ("momentum/kernel", "float32 (2, 2)", "float32 (1,)") in caught.value.differences


def test_a_variable_that_appears_late_gets_its_saved_state(tmp_path):
    path = checkpoint(trained()[0]).write(tmp_path / "checkpoint")
    for early in (0, 1):  # built with this many variables when the checkpoint is read
        optimizer, (kernel, bias) = Adam(**FULL), model()
        if early:
            optimizer.build([kernel])
        status = checkpoint(optimizer).read(path)
        optimizer.build([kernel])
        optimizer.build([kernel, bias])
        status.assert_consumed()
        saved = stored(trained()[0])
        loaded = stored(optimizer)
        assert saved.keys() == loaded.keys()
        for name, value in saved.items():
            np.testing.assert_array_equal(loaded[name], value)


def test_the_manifest_is_plain_json(tmp_path):
    path = checkpoint(trained()[0]).write(tmp_path / "checkpoint")
    text = tf.train.load_checkpoint(path).get_tensor("optimizer/manifest/.ATTRIBUTES/py_state")
    manifest = json.loads(text)
    assert manifest["versions"] == {"": 1, "ema": 1}
    assert manifest["state"]["momentum/kernel"] == ["float32", [2, 2]]
