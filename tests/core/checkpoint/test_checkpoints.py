"""Steps of a loop are saved and restored, by one writer, forwards, and for the same inputs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug.checkpoint import checkpoints as module
from optiplug.checkpoint import saved_steps
from optiplug.checkpoint.checkpoints import Checkpoints
from optiplug.errors import (
    ChangedInputsError,
    ClaimedError,
    CorruptCheckpointError,
    NewerCheckpointError,
    StateError,
)
from support.saved_steps import names


def made(folder, value=0.0, **options):
    variable = tf.Variable(value)
    return Checkpoints(folder, {"x": variable}, **options), variable


def damage(path):
    with next(path.glob("*.index")).open("r+b") as file:
        file.write(b"x")


@pytest.mark.parametrize("asynchronous", [False, True])
def test_steps_are_saved_and_restored(tmp_path, asynchronous):
    checkpoints, variable = made(tmp_path, asynchronous=asynchronous)
    for step in (1, 2, np.int64(3)):
        variable.assign(10.0 * step)
        path = checkpoints.save(step, metadata={"loss": [float(step)]})
        variable.assign(-1.0)
        assert checkpoints.step == step
    checkpoints.wait()

    assert path.name == "step-00000003"
    assert [each.step for each in saved_steps(tmp_path)] == [2, 3]
    restored = checkpoints.restore()
    assert (restored.step, restored.path, restored.metadata) == (3, path, {"loss": [3.0]})
    assert float(variable) == 30.0
    assert checkpoints.restore(2).step == checkpoints.step == 2
    assert float(variable) == 20.0


@pytest.mark.parametrize(("keep", "kept"), [(1, [4]), (3, [2, 3, 4]), (None, [0, 1, 2, 3, 4])])
def test_so_many_steps_are_kept(tmp_path, keep, kept):
    checkpoints, _ = made(tmp_path, keep=keep)
    for step in range(5):
        checkpoints.save(step)

    assert [each.step for each in saved_steps(tmp_path)] == kept


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"keep": 0}, "keep"),
        ({"keep": True}, "keep"),
        ({"keep": 1.0}, "keep"),
        ({"identity": {"x": {1}}}, "identity"),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, options, where):
    with pytest.raises(optiplug.ConfigError, match=f"^{where}: "):
        made(tmp_path, **options)


@pytest.mark.parametrize("step", [-1, True, 1.0, "1", None, 10**18])
def test_a_step_is_a_whole_number(tmp_path, step):
    with pytest.raises(optiplug.ConfigError, match=r"^step: "):
        made(tmp_path)[0].save(step)
    assert names(tmp_path) == []


@pytest.mark.parametrize("metadata", [{"x": float("nan")}, {"x": tf.float32}, {1: 2}, [1]])
def test_metadata_are_json(tmp_path, metadata):
    with pytest.raises(optiplug.ConfigError, match=r"^metadata: "):
        made(tmp_path)[0].save(1, metadata=metadata)


@pytest.mark.parametrize("step", [5, 4])
def test_a_run_goes_forwards(tmp_path, step):
    checkpoints, _ = made(tmp_path)
    checkpoints.save(5)

    with pytest.raises(StateError, match="step-00000005 is saved already, and nothing is overwritten"):
        checkpoints.save(step)


def test_another_run_is_not_mixed_with_this_one(tmp_path):
    with made(tmp_path)[0] as first:
        first.save(1)
    second, _ = made(tmp_path)

    with pytest.raises(StateError, match="step-00000001 is there, which another run saved"):
        second.save(2)
    second.restore()
    second.save(2)
    assert len({each.manifest.run for each in saved_steps(tmp_path)}) == 1


def test_the_folder_has_one_writer(tmp_path):
    first, second = made(tmp_path)[0], made(tmp_path)[0]
    first.save(1)

    with pytest.raises(ClaimedError, match=f"process {os.getpid()}"):
        second.save(2)
    second.restore()
    first.close()
    second.save(2)


def test_the_newest_whole_step_is_restored_with_a_word(tmp_path):
    checkpoints, variable = made(tmp_path, keep=None)
    for step in (1, 2, 3):
        variable.assign(step)
        checkpoints.save(step)
    damage(tmp_path / "step-00000003")

    with pytest.warns(UserWarning, match=r"00003: values.index does not have its checksum.*00002"):
        restored = checkpoints.restore()

    assert (restored.step, float(variable)) == (2, 2.0)
    assert [path.name for path, _ in restored.skipped] == ["step-00000003"]
    with pytest.raises(CorruptCheckpointError, match="checksum"):
        checkpoints.restore(3)


def test_a_damaged_step_is_saved_again(tmp_path):
    checkpoints, variable = made(tmp_path)
    for step in (1, 2):
        checkpoints.save(step)
    damage(tmp_path / "step-00000002")
    with pytest.warns(UserWarning, match="is restored"):
        checkpoints.restore()

    with pytest.warns(UserWarning, match="is now called step-00000002-damaged-1"):
        checkpoints.save(2)

    saved_steps(tmp_path)[-1].verify()
    for saved in saved_steps(tmp_path):
        damage(saved.path)
    variable.assign(7.0)
    with pytest.raises(CorruptCheckpointError, match="none of 2 saved steps is whole"):
        checkpoints.restore()
    assert float(variable) == 7.0


def test_nothing_is_restored_of_nothing(tmp_path):
    checkpoints, _ = made(tmp_path)
    with pytest.raises(StateError, match="there is no checkpoint"):
        checkpoints.restore()
    checkpoints.save(1)
    with pytest.raises(StateError, match=r"there is no such step. Received: 7. Hint: there are \[1\]"):
        checkpoints.restore(7)


def test_a_later_format_is_not_passed_over(tmp_path, monkeypatch):
    checkpoints, _ = made(tmp_path)
    checkpoints.save(1)
    with monkeypatch.context() as later:
        later.setattr("optiplug.checkpoint.manifest.FORMAT", 2)
        checkpoints.save(2)

    with pytest.raises(NewerCheckpointError, match="format 2"):
        checkpoints.restore()


def test_other_inputs_are_refused_or_told(tmp_path):
    identity = {"config": {"rate": 0.1}, "data": {"text": "abc"}, "versions": {"python": "3.11"}}
    made(tmp_path, identity=identity)[0].save(1)
    other = {**identity, "data": {"text": "xyz"}, "versions": {"python": "3.12"}}
    checkpoints, variable = made(tmp_path, value=9.0, identity=other)

    with pytest.raises(ChangedInputsError, match="other inputs: data, versions") as caught:
        checkpoints.restore()
    assert caught.value.differences == (("data.text", "abc", "xyz"), ("versions.python", "3.11", "3.12"))
    with pytest.raises(ChangedInputsError, match="other inputs: versions"):
        checkpoints.restore(allow_changed=["data"])
    assert float(variable) == 9.0
    restored = checkpoints.restore(allow_changed=["data", "versions"])
    assert restored.changed == caught.value.differences
    assert made(tmp_path)[0].restore().changed == ()
    assert made(tmp_path, identity=identity)[0].restore().changed == ()


def test_an_asynchronous_save_has_the_values_of_its_moment(tmp_path, monkeypatch):
    go, write = threading.Event(), module.write_step
    monkeypatch.setattr(module, "write_step", lambda *given: (go.wait(30), write(*given)))
    variables = [tf.Variable(tf.ones([400, 400])), tf.Variable([1.0])]
    optimizer = optiplug.create("sgd", learning_rate=1.0, momentum=0.9)
    optimizer.build(variables)
    checkpoints = Checkpoints(tmp_path, {"x": variables, "optimizer": optimizer}, asynchronous=True)

    checkpoints.save(1)
    for _ in range(3):
        optimizer.apply_gradients([(tf.ones_like(each), each) for each in variables])
    assert names(tmp_path) == [".lock"]
    go.set()
    checkpoints.restore()

    assert int(optimizer.iterations) == 0
    for variable in variables:
        np.testing.assert_array_equal(variable, np.ones(variable.shape))
        np.testing.assert_array_equal(optimizer.momentum[variable], np.zeros(variable.shape))


def test_an_error_in_the_background_is_raised_next(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    checkpoints, _ = made(tmp_path, value=1.0, asynchronous=True)
    checkpoints.save(1)
    checkpoints.wait()
    with monkeypatch.context() as full:
        full.setattr(module, "write_step", fail)
        checkpoints.save(2)
        with pytest.raises(OSError, match="No space left"):
            checkpoints.save(3)
    assert checkpoints.step == 1
    checkpoints.save(3)
    checkpoints.close()
    assert [each.step for each in saved_steps(tmp_path)] == [1, 3]


KILLED = """
import os, sys
import tensorflow as tf
from optiplug.checkpoint import Checkpoints

checkpoints = Checkpoints(sys.argv[1], {"x": tf.Variable(5.0)}, asynchronous=True)
checkpoints.save(1)
"""


@pytest.mark.slow
def test_a_save_is_finished_at_the_exit(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=True, capture_output=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checkpoints, variable = made(tmp_path)
        assert checkpoints.restore().step == 1
    assert float(variable) == 5.0
