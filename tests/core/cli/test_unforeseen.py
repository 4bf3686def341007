"""An error in a user's code is told by the lines of that code."""

from __future__ import annotations

import importlib
import sys

import pytest
import tensorflow as tf

from optiplug.cli.exits import guarded

CODE = """
import tensorflow as tf

def plain(value):
    return inner(value)

def inner(value):
    return tf.reshape(value, [7])

@tf.function
def converted(value):
    if tf.reduce_sum(value) > 0:
        value = value + "text"
    return value
"""


@pytest.fixture
def users(tmp_path, monkeypatch):
    (tmp_path / "my_task.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("my_task")
    del sys.modules["my_task"]


@pytest.mark.parametrize(
    ("name", "begins", "lines"),
    [
        ("plain", "tensorflow.python.framework.errors_impl.InvalidArgumentError: ", ["line 5", "line 8"]),
        ("converted", "TypeError: in user code:", ["line 13, in converted", 'value = value + "text"']),
    ],
)
def test_the_lines_of_that_code_are_told(users, capsys, name, begins, lines):
    with pytest.raises(SystemExit) as caught:
        guarded(getattr(users, name))(tf.ones([3]))

    told = capsys.readouterr().err
    assert caught.value.code == 1
    assert told.startswith(begins)
    assert all(line in told for line in lines)
    assert told.endswith("\nHint: OPTIPLUG_DEBUG=1 shows the whole traceback.\n")
    assert "site-packages" not in told
    assert "Traceback" not in told


def test_with_debugging_all_is_told(users, monkeypatch):
    monkeypatch.setenv("OPTIPLUG_DEBUG", "1")
    with pytest.raises(tf.errors.InvalidArgumentError):
        guarded(users.plain)(tf.ones([3]))
