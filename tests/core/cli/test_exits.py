"""Each sort of error has an exit code."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from functools import partial
from operator import truediv
from pathlib import Path

import pytest

from optiplug.cli.exits import exit_code, guarded
from optiplug.errors import (
    BrokenPluginError,
    ConfigError,
    HookError,
    IncompatiblePluginError,
    Problem,
    StateError,
    UnknownPluginError,
)


def optiplug(*arguments, code=None, **environment):
    command = ["-m", "optiplug.cli"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *command, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "", **environment},
        check=False,
    )


def test_debugging_shows_the_traceback(write):
    result = optiplug("check", write("use: sgd\nmomentum: 2"), OPTIPLUG_DEBUG="1")
    assert "Traceback" in result.stderr
    assert "ConfigError" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HookError("x"), 1),
        (ConfigError("x"), 3),
        (ConfigError([Problem((), "x"), Problem((), "y", plugin=True)]), 4),
        (UnknownPluginError("x"), 4),
        (BrokenPluginError("x"), 4),
        (IncompatiblePluginError("x"), 4),
        (StateError("x"), 5),
    ],
    ids=repr,
)
def test_exit_codes(error, code):
    assert exit_code(error) == code


def ended(error):
    """The exit code of a command that raises this."""

    @guarded
    def command():
        raise error

    with pytest.raises(SystemExit) as caught:
        command()
    return caught.value.code


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (StateError("lost"), 5, "lost.\n"),
        (OSError(errno.ENOSPC, "full", "run"), 1, "run: full. Hint: make room on the disk.\n"),
        (BrokenPipeError(errno.EPIPE, "gone"), 1, ""),
        (KeyboardInterrupt(), 130, ""),
        (KeyboardInterrupt("why"), 130, ""),
        (KeyboardInterrupt(signal.SIGTERM), 143, ""),
        (KeyboardInterrupt(signal.SIGHUP), 129, ""),
    ],
    ids=repr,
)
def test_a_command_ends_with_a_line_and_a_code(capsys, error, code, text):
    assert ended(error) == code
    assert capsys.readouterr() == ("", text)


def test_notes_of_an_error_are_said_after_it(capsys):
    error = OSError(errno.EIO, "broken", "run")
    error.add_note("It goes on.")
    ended(error)

    assert capsys.readouterr().err == "run: broken. It goes on.\n"


def test_faults_of_libraries_come_as_they_are(monkeypatch):
    with pytest.raises(ZeroDivisionError):
        guarded(partial(truediv, 1, 0))()

    monkeypatch.setenv("OPTIPLUG_DEBUG", "1")
    with pytest.raises(OSError, match="/dev/null/full"):
        guarded(Path("/dev/null/full").stat)()
