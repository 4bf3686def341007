"""Each sort of error has an exit code."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from optiplug.cli.exits import exit_code
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
