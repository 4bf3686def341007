"""A step is whole or absent, and only what a run made is removed."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from optiplug.checkpoint import writing
from optiplug.checkpoint.steps import name_of, saved_steps
from optiplug.checkpoint.writing import remove_older, write_step
from optiplug.errors import StateError
from support.saved_steps import KNOWN, names, save


def write(content=b"content", step=5):
    def write_files(draft):
        for name in KNOWN.files:
            (draft / name).write_bytes(content)
        return replace(KNOWN, step=step, files={})

    return write_files


def test_a_step_is_written(tmp_path):
    path = write_step(tmp_path / "new" / "folder", 5, write())

    assert path.name == "step-00000005"
    (saved,) = saved_steps(path.parent)
    saved.verify()
    assert names(path.parent) == [path.name]


def fail_after(count):
    def failing(draft):
        for name in list(KNOWN.files)[:count]:
            (draft / name).write_bytes(b"x")
        raise OSError(28, "no space")

    return failing


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_failed_write_leaves_nothing(tmp_path, count):
    save(tmp_path, 4)

    with pytest.raises(OSError, match="no space"):
        write_step(tmp_path, 5, fail_after(count))

    assert names(tmp_path) == [name_of(4)]


@pytest.mark.parametrize("operation", ["fsync", "mkdir", "rename"])
def test_a_failing_system_leaves_what_was_there(tmp_path, monkeypatch, operation):
    save(tmp_path, 4)

    def fail(*_, **__):
        raise OSError(5, "broken")

    monkeypatch.setattr(os, operation, fail)
    with pytest.raises(OSError, match="broken"):
        write_step(tmp_path, 5, write())
    monkeypatch.undo()

    saved_steps(tmp_path)[0].verify()
    assert [each.step for each in saved_steps(tmp_path)] == [4]


def test_drafts_of_killed_processes_are_removed_and_nothing_else(tmp_path):
    kept = [".step-00000001", "step-00000001-keep", ".other", ".step-x-1"]
    for name in (*kept, ".step-00000009-123", ".step-00000001-removed"):
        (tmp_path / name).mkdir()
    (tmp_path / ".step-00000007-1").symlink_to(tmp_path / ".other")

    write_step(tmp_path, 5, write())

    assert {path.name for path in tmp_path.iterdir()} == {*kept, ".step-00000007-1", "step-00000005"}


def test_what_is_in_the_way_is_moved_aside(tmp_path):
    save(tmp_path, 5)
    (tmp_path / "step-00000005-damaged-1").mkdir()

    with pytest.warns(UserWarning, match="is now called step-00000005-damaged-2"):
        write_step(tmp_path, 5, write())

    saved_steps(tmp_path)[0].verify()
    assert (tmp_path / "step-00000005-damaged-2" / "values.index").stat().st_size == 700


def test_a_manifest_that_could_not_be_read_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "LARGEST", 100)

    with pytest.raises(StateError, match="larger than 100 bytes"):
        write_step(tmp_path, 5, write())
    assert names(tmp_path) == []


def test_older_steps_of_the_run_are_removed(tmp_path):
    for step in (1, 2, 3, 4, 9):
        save(tmp_path, step)
    save(tmp_path, 5, run="another")
    (tmp_path / name_of(2) / "manifest.json").write_text("damaged")
    (tmp_path / name_of(6)).mkdir()

    remove_older(tmp_path, KNOWN.run, {4, 9}, 1)

    assert [each.step for each in saved_steps(tmp_path)] == [2, 5, 6, 9]
    remove_older(tmp_path, KNOWN.run, {9}, 5)
    assert [each.step for each in saved_steps(tmp_path)] == [2, 5, 6, 9]


def test_a_damaged_newer_step_does_not_count(tmp_path):
    for step in (1, 2, 3):
        save(tmp_path, step)

    remove_older(tmp_path, KNOWN.run, {1, 2}, 2)  # 3 was skipped when it was restored

    assert [each.step for each in saved_steps(tmp_path)] == [1, 2, 3]
