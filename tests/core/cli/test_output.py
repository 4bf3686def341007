"""What is printed, to terminals, pipes and files."""

from __future__ import annotations

import os
import subprocess
import sys

from optiplug import registry


def optiplug(*arguments, code=None, **environment):
    command = ["-m", "optiplug.cli"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *command, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "", **environment},
        check=False,
    )


def test_colour_for_terminals_only(write):
    environment = {"TERM": "xterm-256color", "FORCE_COLOR": "1"}
    assert "\x1b[" in optiplug("list", **environment).stdout
    assert "\x1b[" not in optiplug("list", FORCE_COLOR="").stdout
    plain = optiplug("list", NO_COLOR="1", **environment).stdout
    assert "\x1b[3" not in plain  # bold is no colour


def test_what_goes_into_a_pipe_is_not_wrapped():
    row = next(line for line in optiplug("list").stdout.splitlines() if line.startswith("adamw "))
    assert registry.get("optimizers", "adamw").summary() in row
    assert registry.get("optimizers", "adamw").paper in row


def test_a_pipe_that_closes_early_is_no_error():
    command = f"{sys.executable} -m optiplug.cli schema | head -c 10"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.stderr == ""
