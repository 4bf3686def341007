"""Errors of the machine in words."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
import tensorflow as tf

from optiplug.cli.machine import machine_error
from optiplug.errors import StateError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.ENOSPC, "full", "a/b"), "a/b: full. Hint: make room on the disk."),
        (OSError(errno.EDQUOT, "quota", "a"), "a: quota. Hint: make room within the quota."),
        (OSError(errno.EROFS, "read-only", b"a"), "a: read-only. Hint: write to another place."),
        (OSError(errno.EACCES, "no", "a"), "a: no. Hint: ask for permission, or write to another place."),
        (OSError(errno.ENOTDIR, "no", "a"), "a: no. Hint: nothing can be below a file."),
        (OSError(errno.ENAMETOOLONG, "long", "a"), "a: long. Hint: choose a shorter name."),
        (OSError(errno.EMFILE, "many", "a"), "a: many. Hint: let the process open more files."),
        (OSError(errno.EIO, "broken", 7), "broken."),
        (OSError(errno.EIO, "broken", "a\nb\x1b"), r"'a\nb\x1b': broken."),
        (OSError("in\nuser code"), "in user code."),
        (OSError(), "OSError."),
        (ValueError("embedded null byte"), "a path cannot have a NUL character in it."),
    ],
    ids=repr,
)
def test_what_the_system_refuses_is_one_line(error, text):
    assert machine_error(error) == text


def test_memory_that_is_not_there():
    assert machine_error(MemoryError()).startswith("there is not enough memory. Hint: make the batch")
    with pytest.raises(MemoryError) as caught:
        np.empty(2**58)

    assert machine_error(caught.value).startswith("there is not enough memory: Unable to allocate 2.00 EiB")


def test_tensorflow_without_memory():
    with pytest.raises(tf.errors.ResourceExhaustedError) as caught:
        tf.zeros([2**30, 2**28])

    text = machine_error(caught.value)
    assert text.startswith("there is not enough memory: OOM when allocating tensor with shape[1073741824,")
    assert "{{" not in text
    assert "\n" not in text


def test_tensorflow_in_a_place_that_is_none(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(tf.errors.OpError) as caught:
        tf.io.TFRecordWriter(str(tmp_path / "file" / "events"))

    assert machine_error(caught.value).endswith(
        f"{os.strerror(errno.ENOTDIR)}. Hint: nothing can be below a file."
    )


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        KeyError("x"),
        StateError("x"),
        RuntimeError("out of memory"),
        tf.errors.InvalidArgumentError(None, None, "shapes must be equal"),
    ],
    ids=repr,
)
def test_other_errors_are_left_alone(error):
    assert machine_error(error) is None
