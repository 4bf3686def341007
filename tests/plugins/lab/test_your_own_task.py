"""The package that docs/your-own-task.md writes, found by `use:` and trained."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from support.fake_distributions import fake_distribution
from support.forks import command
from support.project_paths import ROOT

OPTIPLUG = Path(sys.executable).with_name("optiplug")
PAGE = (ROOT / "docs/your-own-task.md").read_text()


@pytest.fixture
def package(tmp_path):
    """A folder with the package as it is installed, and the file of the run."""
    code = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    project = tomllib.loads(re.search(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1])["project"]
    run = re.search(r":caption: spirals\.yaml\n\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    (tmp_path / "spirals").mkdir()
    modules = {"spirals/config": code[0], "spirals/task": code[1]}
    points = {"tasks": project["entry-points"]["optiplug.tasks"]}
    fake_distribution(tmp_path, project["name"], project["version"], points=points, modules=modules)
    (tmp_path / "spirals.yaml").write_text(run)
    return tmp_path


def beside(folder):
    """Return the variable with which the package is found."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}


def optiplug(*arguments, folder):
    return subprocess.run(
        [OPTIPLUG, *arguments],
        cwd=folder,
        env={**os.environ, **beside(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_file_with_it_is_checked(package):
    assert optiplug("check", "spirals.yaml", folder=package).returncode == 0
    (package / "spirals.yaml").write_text(
        (package / "spirals.yaml").read_text().replace("0.03", '0.03, exclude_from_weight_decay: ["*bais"]')
    )
    checked = optiplug("check", "spirals.yaml", folder=package)

    assert checked.returncode == 3
    assert "spirals.yaml:3:73: optimizer.exclude_from_weight_decay[0]: a pattern must match" in checked.stderr


def test_its_wheel_has_the_package(package):
    project = re.search(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    (package / "pyproject.toml").write_text(project)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=package, check=True)
    (wheel,) = (package / "dist").glob("*.whl")

    assert {"spirals/config.py", "spirals/task.py"} <= set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.slow
def test_it_is_trained(package):
    arguments = ["--run-dir", "run", "--json", "--set", "steps=300", "--set", "task.width=24"]
    trained = command("train", "spirals.yaml", *arguments, folder=package, environment=beside(package))
    assert trained.wait(300)
    lines = [json.loads(line) for line in trained.stdout.splitlines()]
    result = json.loads((package / "run" / "result.json").read_text())

    assert trained.returncode == 0, trained.stderr
    assert [line["event"] for line in lines] == ["started", *["progress"] * 15, "ended"]
    assert result["final"]["accuracy"] >= 0.9
    assert (result["task"], result["steps"]) == ("spirals", 300)
    assert re.fullmatch(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d run .*\n){3,}", trained.stderr)
