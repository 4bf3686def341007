"""What docs/editors.md tells to write into other files does what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from support.project_paths import ROOT

PAGE = (ROOT / "docs/editors.md").read_text()


def block(name):
    """Return the block of the page whose caption has this."""
    (found,) = re.findall(
        rf"^```{{code-block}} \w+\n:caption: .*{name}\n\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE
    )
    return found


@pytest.fixture
def repository(tmp_path):
    """A git repository with the hook of the page, and `optiplug` on the path."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/optiplug"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m optiplug.cli "$@"\n')
    script.chmod(0o755)
    work = tmp_path / "work"
    (work / "configs").mkdir(parents=True)
    (work / ".pre-commit-config.yaml").write_text(block(r"\.pre-commit-config.yaml"))
    subprocess.run(["git", "init", "--quiet"], cwd=work, check=True)
    environment = {"PATH": f"{script.parent}:{os.environ['PATH']}", "PRE_COMMIT_HOME": str(tmp_path / "home")}

    def commit():
        subprocess.run(["git", "add", "--all"], cwd=work, check=True)
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run"],
            cwd=work,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return work, commit


def test_pre_commit_checks_what_is_committed(repository):
    work, commit = repository
    (work / "configs/good.yaml").write_text("use: sgd")
    (work / "notes.yaml").write_text("use: no_such_thing")
    result = commit()
    assert (result.returncode, "Passed" in result.stdout) == (0, True), result.stdout + result.stderr
    (work / "configs/bad.toml").write_text('use = "sgd"\nmomentum = 2')
    result = commit()
    assert result.returncode == 1
    assert "configs/bad.toml:2:12: momentum: must be <= 1" in result.stdout


def test_settings_of_editors_can_be_read():
    settings = json.loads(block("settings.json"))
    assert "./optiplug.schema.json" in settings["yaml.schemas"]
    assert "./optiplug.schema.json" in str(tomllib.loads(block("languages.toml")))
    steps = yaml.safe_load(block("configs.yaml"))["jobs"]["configs"]["steps"]
    assert steps[-1]["run"].startswith("optiplug check ")
