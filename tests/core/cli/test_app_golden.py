"""What the command line prints at 80 and 120 columns, as it was when somebody looked at it: `make golden`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from support.project_paths import ROOT
from support.saved_runs import saved_run

GOLDEN = Path(__file__).parent / "golden"
FOLDER = GOLDEN.relative_to(ROOT)
STEPS = "run/checkpoints/step-00000"
COMMANDS = {
    "list": "list --kind schedule",
    "list-words": "list shampoo --wide",
    "list-none": "list shampooo",
    "show-optimizer": "show adamw",
    "show-parts": "show partition",
    "show-processor": "show clip_by_norm",
    "show-unknown": "show adan_w",
    "check": f"check examples/digits.yaml {FOLDER}/stacked.yaml",
    "check-broken": f"check {FOLDER}/broken.yaml",
    "diff": f"diff {FOLDER}/stacked.yaml {FOLDER}/other.toml",
    "explain": f"explain {FOLDER}/stacked.yaml",
    "explain-all": f"explain {FOLDER}/stacked.yaml --all",
    "explain-replicas": "explain examples/digits.yaml --replicas 64 --rows dense_1/kernel=32",
    "explain-task": "explain examples/digits-partition.yaml",
    "checkpoint-list": "checkpoint list run",
    "checkpoint-show": f"checkpoint show {STEPS}200",
    "checkpoint-verify": "checkpoint verify run/",
    "checkpoint-diff": f"checkpoint diff {STEPS}200 {STEPS}400 --no-values",
    "checkpoint-none": f"checkpoint show {STEPS}200/values.index",
    "help": "--help",
    "help-checkpoint": "checkpoint --help",
    "help-config-diff": "diff --help",
    "help-diff": "checkpoint diff --help",
    "help-explain": "explain --help",
    "help-lock": "lock --help",
}


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", COMMANDS)
def test_it_prints_what_it_printed(monkeypatch, tmp_path, name, width):
    monkeypatch.chdir(ROOT)
    if name.startswith("checkpoint"):
        saved_run(tmp_path / "run")
        monkeypatch.chdir(tmp_path)
    argv = COMMANDS[name].split()
    terminal = {"COLUMNS": str(width)}
    printed = CliRunner(env=terminal).invoke(application(argv), argv, prog_name="optiplug").output
    text = f"$ optiplug {COMMANDS[name]}\n{printed}"
    path = GOLDEN / f"{name}-{width}.txt"
    if os.environ.get("OPTIPLUG_GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


def test_every_golden_text_is_of_a_command():
    names = {path.stem.rpartition("-")[0] for path in GOLDEN.glob("*.txt")}
    assert names == set(COMMANDS)
