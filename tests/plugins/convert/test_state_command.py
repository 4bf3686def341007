"""`optiplug convert-state`."""

from __future__ import annotations

import json
import os
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug_convert import convert


def saved(package, path, **compiled):
    package.utils.set_random_seed(0)
    model = package.Sequential([package.layers.Input((3,)), package.layers.Dense(2, name="head")])
    model.compile(**compiled)
    inputs = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    model.fit(inputs, inputs[:, :2], batch_size=4, verbose=0)
    model.save(path)
    return model


@pytest.mark.parametrize("package", [keras, tf_keras], ids=["keras 3", "tf_keras"])
def test_a_model_is_continued(run, tmp_path, package):
    path, prefix = tmp_path / "model.keras", tmp_path / "continued"
    loss = package.losses.MeanSquaredError()
    model = saved(package, path, optimizer=package.optimizers.Nadam(0.01), loss=loss)
    result = run("convert-state", path, "--output", prefix)

    assert (result.exit_code, result.stderr) == (0, "")
    assert "u_product () -> momentum_product" in result.stdout
    ours = optiplug.from_config(convert(package.optimizers.serialize(model.optimizer)).fields)
    ours.build(model.trainable_variables)
    tf.train.Checkpoint(optimizer=ours, model=model).read(str(prefix))
    assert int(ours.iterations) == 4
    kept = model.optimizer._momentums[0]
    np.testing.assert_array_equal(ours.momentum[model.trainable_variables[0]].numpy(), kept.numpy())


def test_json_and_what_is_there_already(run, tmp_path):
    path, prefix = tmp_path / "model.keras", tmp_path / "continued"
    saved(keras, path, optimizer=keras.optimizers.SGD(0.1, momentum=0.5), loss="mse")
    told = json.loads(run("convert-state", path, "--output", prefix, "--json").stdout)

    assert told["moved"][0] == {
        "source": "momentums[0]",
        "shape": [3, 2],
        "name": "momentum/head/kernel",
    }
    refused = run("convert-state", path, "--output", prefix)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert run("convert-state", path, "--output", prefix, "--force").exit_code == 0


def test_state_that_does_not_fit_is_refused(run, tmp_path):
    path, config = tmp_path / "model.keras", tmp_path / "ours.yaml"
    saved(keras, path, optimizer=keras.optimizers.SGD(0.1, momentum=0.5), loss="mse")
    config.write_text("use: adam\nlearning_rate: 0.1\n")
    result = run("convert-state", path, "--output", tmp_path / "continued", "--config", config)

    assert result.exit_code == 5
    assert "second_moment/head/kernel" in result.stderr
    assert list(tmp_path.glob("continued*")) == []


def test_files_that_are_no_model(run, tmp_path):
    damaged = tmp_path / "model.keras"
    damaged.write_bytes(b"PK\x03\x04 no archive")

    assert run("convert-state", damaged, "--output", tmp_path / "x").exit_code == 5
    assert run("convert-state", tmp_path / "none.keras", "--output", tmp_path / "x").exit_code == 5
    assert run("convert-state", tmp_path / "a.weights.h5", "--output", tmp_path / "x").exit_code == 2


def test_a_file_that_would_never_be_read_to_its_end(run, tmp_path):
    os.mkfifo(tmp_path / "pipe.keras")
    for name, metadata in {"large": b" " * 2**21, "deep": b"[" * 100_000}.items():
        with zipfile.ZipFile(tmp_path / f"{name}.keras", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("metadata.json", metadata)

    for name, reason in {
        "pipe": "no regular file",
        "large": "char 1048576",
        "deep": "recursion",
    }.items():
        result = run("convert-state", tmp_path / f"{name}.keras", "--output", tmp_path / "ours")
        assert result.exit_code == 5
        assert reason in result.stderr
