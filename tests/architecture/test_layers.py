"""The import contracts of pyproject.toml hold, and they would notice an import that breaks one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.project_paths import ROOT

LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [linter, "--no-logo", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "core"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_contracts_hold():
    run = lint(ROOT)

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("_state/slot.py", "from optiplug._step import step"),
        ("errors.py", "from optiplug import registry"),
        ("document/limits.py", "import tensorflow"),
        ("_orphan.py", "import json"),
    ],
    ids=["upwards", "from the bottom", "TensorFlow", "in no layer"],
)
def test_a_planted_import_is_found(tmp_path, file, line):
    shutil.copytree(ROOT / "core" / "optiplug", tmp_path / "core" / "optiplug")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "core" / "optiplug" / file
    path.write_text(f"{path.read_text() if path.exists() else ''}\n{line}\n")

    run = lint(tmp_path)

    assert run.returncode == 1, run.stdout + run.stderr
    assert path.stem in run.stdout


def test_every_contract_is_on_the_core():
    assert LINTER["root_packages"] == ["optiplug"]
    assert {each["type"] for each in LINTER["contracts"]} == {"layers", "forbidden"}
