from __future__ import annotations

import errno
import os

import pytest
import tensorflow as tf

from optiplug.checkpoint.system_errors import system_error

NODE = "{{function_node __wrapped__SaveV2_dtypes_2_device_/job:localhost/replica:0/task:0/device:CPU:0}} "
FULL = os.strerror(errno.ENOSPC)


@pytest.mark.parametrize(
    ("message", "number", "path"),
    [
        (f"run/events; {FULL}", errno.ENOSPC, "run/events"),
        (f"{NODE}{FULL} [Op:SaveV2]", errno.ENOSPC, None),
        (f"{NODE}run/values.data; {FULL} [Op:SaveV2]", errno.ENOSPC, "run/values.data"),
        (f"{NODE}a; b/values.data; {FULL} [Op:SaveV2] name: ", errno.ENOSPC, "a; b/values.data"),
        (f"x; {os.strerror(errno.EDQUOT)}", errno.EDQUOT, "x"),
        (f"x; {os.strerror(errno.EROFS)}", errno.EROFS, "x"),
        (f"x; {os.strerror(errno.ENAMETOOLONG)}", errno.ENAMETOOLONG, "x"),
        ("/etc/passwd is not a directory", errno.ENOTDIR, "/etc/passwd"),
    ],
)
def test_a_failed_system_call_is_told_by_its_words(message, number, path):
    error = system_error(message)

    assert (error.errno, error.filename) == (number, path)
    assert error.strerror == os.strerror(number)


@pytest.mark.parametrize(
    "message",
    ["", "OOM when allocating tensor with shape[9,9]", "indices[0] = 5 is not in [0, 3); no such row"],
)
def test_other_errors_are_none_of_the_system(message):
    assert system_error(message) is None


@pytest.mark.parametrize(
    ("name", "number"), [("file/below", errno.ENOTDIR), ("x" * 300, errno.ENAMETOOLONG)], ids=["file", "name"]
)
def test_tensorflow_says_it_so(tmp_path, name, number):
    (tmp_path / "file").touch()
    with pytest.raises(tf.errors.OpError) as caught:
        tf.train.Checkpoint(value=tf.Variable(1.0)).write(str(tmp_path / name))

    assert system_error(caught.value.message).errno == number
