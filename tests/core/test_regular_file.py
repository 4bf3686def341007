"""Files that are read whole: regular ones, up to a size."""

from __future__ import annotations

import os
import socket

import pytest

from optiplug._regular_file import opened, read_whole


def test_a_file_is_read_up_to_the_limit(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")

    assert read_whole(path, 5) == read_whole(str(path), 6) == b"12345"
    with pytest.raises(OSError, match="it has more than 4 bytes") as caught:
        read_whole(path, 4)
    assert caught.value.filename == str(path)


def test_a_file_of_a_terabyte_is_not_read(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(2**40)

    with pytest.raises(OSError, match="more than"):
        read_whole(path, 2**30)


def test_a_file_that_does_not_tell_its_size_is_read():
    assert read_whole("/proc/self/status", 2**20).startswith(b"Name:")
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_whole("/proc/self/status", 10)


def test_a_file_that_grows_is_read_up_to_the_limit(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"x")
    status = path.stat()
    path.write_bytes(b"x" * 100)
    monkeypatch.setattr(os, "fstat", lambda _: status)

    with pytest.raises(OSError, match="more than 50 bytes"):
        read_whole(path, 50)


def pipe(path):
    os.mkfifo(path)


def listener(path):
    # The name of a socket has at most a hundred characters.
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def device(path):
    path.symlink_to("/dev/zero")


def folder(path):
    path.mkdir()


def circle(path):
    path.symlink_to(path)


@pytest.mark.parametrize("make", [pipe, listener, device, folder, circle], ids=lambda make: make.__name__)
def test_what_is_no_file_is_refused_and_makes_nobody_wait(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "thing")

    for refuse in (lambda path: read_whole(path, 100), opened):
        with pytest.raises(OSError) as caught:  # noqa: PT011  # of several numbers
            refuse(tmp_path / "thing")
        assert caught.value.strerror
        assert caught.value.filename == str(tmp_path / "thing")


def test_a_file_that_becomes_a_pipe_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"x")
    status = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr("pathlib.Path.stat", lambda *_, **__: status)

    with pytest.raises(OSError, match="no regular file"):
        opened(path)


def test_links_are_followed_if_they_may(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")

    assert read_whole(tmp_path / "link", 1) == b"x"
    with pytest.raises(OSError, match="regular"):
        read_whole(tmp_path / "link", 1, follow=False)
