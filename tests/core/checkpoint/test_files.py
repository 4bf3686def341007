from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys

import pytest

from optiplug.checkpoint.files import (
    fsync_file,
    fsync_folder,
    remove_drafts,
    replace_file,
    replacing,
)

REPLACE = """
import sys
from optiplug.checkpoint.files import replace_file
number = 0
while True:
    replace_file(sys.argv[1], bytes([number % 256]) * 100_000)
    number += 1
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("old")
    return path


def names(folder):
    return [each.name for each in folder.iterdir()]


@pytest.mark.parametrize("content", ["new", b"new"])
def test_a_file_is_replaced(path, content):
    replace_file(path, content)

    assert path.read_text() == "new"
    assert names(path.parent) == ["metrics.csv"]


def test_a_file_that_was_not_there_is_made(tmp_path):
    replace_file(tmp_path / "new", "ä")

    assert (tmp_path / "new").read_bytes() == "ä".encode()


def test_until_the_end_the_old_content_is_there(path):
    with replacing(path, "w", encoding="utf-8", newline="") as file:
        file.write("new\r\n")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_bytes() == b"new\r\n"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_content_and_no_draft(path, error):
    def write():
        with replacing(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert path.read_text() == "old"
    assert names(path.parent) == ["metrics.csv"]


def test_a_disk_that_fills_at_the_last_moment_loses_nothing(path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, "new")
    assert path.read_text() == "old"
    assert names(path.parent) == ["metrics.csv"]


def test_content_is_on_the_disk_before_the_name_and_then_that(path, monkeypatch):
    done = []
    fsync, rename = os.fsync, os.replace

    def synced(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def renamed(*paths):
        done.append("rename")
        rename(*paths)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    replace_file(path, "new")

    assert done == ["file", "rename", "folder"]


def test_a_link_and_permissions_stay(path, tmp_path):
    path.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(path)
    replace_file(link, "new")

    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["x" * 255, "ä" * 127, "a\nb"])
def test_any_name_will_do(tmp_path, name):
    replace_file(tmp_path / name, "new")

    assert names(tmp_path) == [name]


def test_killed_at_any_time_it_is_whole(path):
    for line in (1, 3, 8):
        process = subprocess.Popen([sys.executable, "-c", REPLACE, path], stdout=subprocess.PIPE)
        for _ in range(line):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        content = path.read_bytes()
        assert (len(content), len(set(content))) == (100_000, 1)


def test_drafts_of_the_killed_are_removed_and_nothing_else(path):
    for name in (".notes-1-2.draft.txt", ".hidden", "x-1-2.draft", "..-1.draft", ".metrics.csv-12-0.draft"):
        (path.parent / name).touch()
    (path.parent / ".folder-1-2.draft").mkdir()
    remove_drafts(path.parent)

    assert sorted(names(path.parent)) == [
        "..-1.draft",
        ".folder-1-2.draft",
        ".hidden",
        ".notes-1-2.draft.txt",
        "metrics.csv",
        "x-1-2.draft",
    ]


def test_a_folder_that_cannot_be_flushed_is_left(tmp_path, monkeypatch):
    fsync_file(__file__)
    for number, raises in ((22, False), (95, False), (5, True)):

        def fail(descriptor, number=number):
            raise OSError(number, "no")

        monkeypatch.setattr(os, "fsync", fail)
        if raises:
            with pytest.raises(OSError, match="no"):
                fsync_folder(tmp_path)
        else:
            fsync_folder(tmp_path)
