"""What is printed, to terminals, pipes and files."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

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


@pytest.mark.slow
def test_colour_for_terminals_only(write):
    environment = {"TERM": "xterm-256color", "FORCE_COLOR": "1"}
    assert "\x1b[" in optiplug("list", **environment).stdout
    assert "\x1b[" not in optiplug("list", FORCE_COLOR="").stdout
    plain = optiplug("list", NO_COLOR="1", **environment).stdout
    assert "\x1b[3" not in plain  # bold is no colour


def test_what_goes_into_a_pipe_is_not_wrapped():
    row = next(line for line in optiplug("list", "--wide").stdout.splitlines() if line.startswith("adamw "))
    assert registry.get("optimizers", "adamw").summary() in row
    assert registry.get("optimizers", "adamw").paper in row


def test_a_pipe_that_closes_early_is_no_error():
    command = f"{sys.executable} -m optiplug.cli schema | head -c 10"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.stderr == ""


TALKATIVE = """
import os
print("said in Python")
os.write(1, b"said below Python\\n")
"""
CONFIG = """
import optiplug
class QuietConfig(optiplug.OptimizerConfig):
    "Nothing to see."
    implementation = "talkative_quiet:Quiet"
"""
# In a module of its own, as to import it imports TensorFlow.
QUIET = """
import optiplug
from talkative import QuietConfig
class Quiet(optiplug.Optimizer):
    Config = QuietConfig
    def update_step(self, gradient, variable): ...
"""
COMMANDS = ["list --json", "schema", "show quiet --json", "check {file}", "explain {file} --json", "--help"]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.split()[0])
def test_what_plugins_print_is_kept_out_of_stdout(command, tmp_path):
    described = tmp_path / "talkative-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: talkative\nVersion: 1.0\n")
    points = "[optiplug.optimizers]\nquiet = talkative:QuietConfig\n[optiplug.commands]\nq = talkative:None\n"
    (described / "entry_points.txt").write_text(points)
    (tmp_path / "talkative.py").write_text(TALKATIVE + CONFIG)
    (tmp_path / "talkative_quiet.py").write_text(TALKATIVE + QUIET)
    config = tmp_path / "optimizer.yaml"
    config.write_text("use: quiet\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    result = optiplug(*command.format(file=config).split(), PYTHONPATH=path)
    assert "said" not in result.stdout
    # The others import nothing, or in processes apart.
    said = command.split()[0] in {"check", "explain"}
    assert ({"said in Python", "said below Python"} <= set(result.stderr.splitlines())) == said
    if command.endswith("--json") or command == "schema":
        assert json.loads(result.stdout)
    else:
        assert result.stdout
