from __future__ import annotations

import json

import pytest
import tensorflow as tf

from optiplug import StateError
from optiplug_lab.checkpoints import Checkpoints

IDENTITY = {"optimizer": {"use": "sgd", "momentum": 0.9}, "seed": 0}


@pytest.fixture
def variable():
    return tf.Variable([1.0, 2.0], name="kernel")


@pytest.fixture
def checkpoints(tmp_path, variable):
    return Checkpoints(tmp_path, {"variables": {"kernel": variable}}, IDENTITY)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_restores_the_newest_of_the_two_that_are_kept(tmp_path, checkpoints, variable):
    for step in (1, 2, 3):
        variable.assign([step, -step])
        checkpoints.save(step)
    variable.assign([9, 9])

    assert checkpoints.restore() == 3
    assert variable.numpy().tolist() == [3, -3]
    assert names(tmp_path) == ["step-00000002", "step-00000003"]


def test_a_draft_that_a_killed_process_left_is_no_checkpoint(tmp_path, checkpoints, variable):
    checkpoints.save(1)
    draft = tmp_path / ".step-00000002"
    draft.mkdir()
    (draft / "values.index").write_text("half")

    assert checkpoints.restore() == 1
    checkpoints.save(2)
    assert names(tmp_path) == ["step-00000001", "step-00000002"]
    assert checkpoints.restore() == 2


def test_nothing_to_restore(checkpoints):
    with pytest.raises(StateError, match="there is no checkpoint"):
        checkpoints.restore()


def test_every_damage_is_found_and_the_older_one_offered(tmp_path, checkpoints, variable):
    checkpoints.save(1)
    checkpoints.save(2)
    newest = tmp_path / "step-00000002"
    for path in sorted(newest.iterdir()):
        content = path.read_bytes()
        for damaged in (content[: len(content) // 2], bytes([content[0] ^ 1]) + content[1:], b"", None):
            path.unlink() if damaged is None else path.write_bytes(damaged)
            with pytest.raises(StateError, match="delete step-00000002 to go on from step-00000001"):
                checkpoints.restore()
            path.write_bytes(content)

    assert checkpoints.restore() == 2


@pytest.mark.parametrize("manifest", ["[]", "{}", '{"step": 1, "identity": {}, "sha256": []}', "1", "null"])
def test_manifest_of_another_form(tmp_path, checkpoints, manifest):
    checkpoints.save(1)
    (tmp_path / "step-00000001" / "manifest.json").write_text(manifest)

    with pytest.raises(StateError, match="the checkpoint cannot be read"):
        checkpoints.restore()


def test_another_config_is_refused_by_what_differs(tmp_path, checkpoints, variable):
    checkpoints.save(1)
    variable.assign([9, 9])
    other = {"optimizer": {"use": "sgd", "momentum": 0.5}, "seed": 0, "batch_size": 8}

    with pytest.raises(StateError, match=r"batch_size was null and is 8; optimizer\.momentum was 0"):
        Checkpoints(tmp_path, {"variables": {"kernel": variable}}, other).restore()
    assert variable.numpy().tolist() == [9, 9]


def test_values_that_do_not_fit(tmp_path, checkpoints):
    checkpoints.save(1)
    other = tf.Variable([1.0, 2.0, 3.0])

    with pytest.raises(StateError, match="the checkpoint does not fit"):
        Checkpoints(tmp_path, {"variables": {"kernel": other}}, IDENTITY).restore()
    with pytest.raises(StateError, match="the checkpoint does not fit"):
        Checkpoints(tmp_path, {"variables": {"other": other}}, IDENTITY).restore()


def test_manifest_says_what_it_belongs_to(tmp_path, checkpoints):
    checkpoints.save(7)
    manifest = json.loads((tmp_path / "step-00000007" / "manifest.json").read_text())

    assert (manifest["step"], manifest["identity"]) == (7, IDENTITY)
    assert set(manifest["sha256"]) == {"values.index", "values.data-00000-of-00001"}
