"""Saved steps are found and verified without TensorFlow."""

from __future__ import annotations

import os
import shutil

import pytest

from optiplug.checkpoint import steps
from optiplug.checkpoint.steps import latest_valid, name_of, saved_steps
from optiplug.errors import CorruptCheckpointError
from support.saved_steps import KNOWN, save


def test_steps_are_compared_as_numbers(tmp_path):
    for step in (100_000_000, 99_999_999, 7):
        save(tmp_path, step)
    for name in (
        "step-00000004-keep",
        "step-5",
        "step-000000008",
        "other",
        ".step-00000009-1",
        "step-٠٠٠٠٠٠٠١",
    ):
        (tmp_path / name).mkdir()
    (tmp_path / "step-00000010").write_text("a file")
    (tmp_path / "step-00000011").symlink_to(tmp_path / "other")

    assert [each.step for each in saved_steps(tmp_path)] == [7, 99_999_999, 100_000_000]
    assert saved_steps(tmp_path / "none") == []


@pytest.mark.parametrize("position", range(0, 700, 64))
@pytest.mark.parametrize("name", sorted(KNOWN.files))
def test_a_flipped_bit_in_a_file_is_found(tmp_path, name, position):
    saved = save(tmp_path, 5)
    saved.verify()
    path = saved.path / name
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)

    with pytest.raises(CorruptCheckpointError, match=f"{name} does not have its checksum"):
        saved.verify()


def truncate(path):
    with next(path.glob("*.index")).open("ab") as file:
        file.truncate(10)


def swap(path):
    one, other = (path / name for name in KNOWN.files)
    one.rename(path / "x"), other.rename(one), (path / "x").rename(other)


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (truncate, "must have 700 bytes"),
        (swap, "checksum"),
        (lambda path: (path / steps.MANIFEST).unlink(), "manifest.json cannot be read"),
        (lambda path: (path / "values.index").unlink(), "must have the files"),
        (lambda path: (path / "notes.txt").write_text("x"), "must have the files"),
        (
            lambda path: (path / steps.MANIFEST).write_bytes(KNOWN.dump()),
            "step that the folder is named after",
        ),
        (lambda path: replaced(path / "values.index", lambda each: each.mkdir()), "Is a directory"),
        (lambda path: replaced(path / "values.index", os.mkfifo), "no regular file"),
        (lambda path: replaced(path / steps.MANIFEST, os.mkfifo), "no regular file"),
        (
            lambda path: replaced(path / steps.MANIFEST, lambda each: each.symlink_to("/dev/zero")),
            "cannot be",
        ),
        (
            lambda path: replaced(path / "values.index", lambda each: each.symlink_to("/dev/zero")),
            "cannot be",
        ),
    ],
)
def test_damage_is_found(tmp_path, damage, match):
    saved = save(tmp_path, 5)

    damage(saved.path)

    with pytest.raises(CorruptCheckpointError, match=match):
        saved.verify()


def replaced(path, make):
    path.unlink()
    make(path)


def test_a_manifest_may_not_be_endless(tmp_path, monkeypatch):
    saved = save(tmp_path, 5)
    monkeypatch.setattr(steps, "LARGEST", 100)

    with pytest.raises(CorruptCheckpointError, match="more than 100 bytes"):
        saved.verify()


def test_the_latest_valid_step_says_what_it_skips(tmp_path):
    for step in (1, 2, 3, 4):
        save(tmp_path, step)
    truncate(tmp_path / name_of(4))
    (tmp_path / name_of(3) / steps.MANIFEST).write_bytes(
        KNOWN.dump().replace(b'"format":1', b'"format":9')  # without its checksum
    )

    latest = latest_valid(tmp_path)

    assert latest.saved.step == 2
    assert [(each.step, type(error)) for each, error in latest.skipped] == [
        (4, CorruptCheckpointError),
        (3, CorruptCheckpointError),
    ]
    shutil.rmtree(tmp_path / name_of(2))
    truncate(tmp_path / name_of(1))
    assert latest_valid(tmp_path).saved is None
