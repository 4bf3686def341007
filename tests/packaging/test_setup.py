"""`make setup` says what it does, and repairs what an interrupted one left behind."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from support.project_paths import DISTRIBUTIONS, ROOT

# In place of Python, pip and uv: makes environments, notes what it is asked, and is killed if it is told so.
TOOL = """#!/bin/sh
echo "$(basename $0) $*" >> calls
case "$(basename $0) $*" in
*"-m venv .venv") mkdir -p .venv/bin && cp $0 .venv/bin/python && cp $0 .venv/bin/uv ;;
"uv pip install"*) touch .venv/installed ;;
esac
for when in interrupt-*; do
    case "$(basename $0) $*" in
    *"${when#interrupt-}"*) rm "$when" && touch .venv/half && kill -9 $PPID && exit 137 ;;
    esac
done
"""


@pytest.fixture
def project(tmp_path):
    """A folder with the Makefile and what it looks at."""
    for path in [ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci" / "constraints.txt"]:
        (tmp_path / path.relative_to(ROOT)).parent.mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    for folder in DISTRIBUTIONS:
        (tmp_path / folder.relative_to(ROOT)).mkdir(parents=True)
        shutil.copy(folder / "pyproject.toml", tmp_path / folder.relative_to(ROOT))
    (tmp_path / "tool").write_text(TOOL)
    (tmp_path / "tool").chmod(0o755)
    return tmp_path


def setup(project):
    outside = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", "setup", "PYTHON=./tool"],
        cwd=project,
        env=outside,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_what_it_does_and_then_has_nothing_to_do(project):
    run = setup(project)
    assert run.returncode == 0, run.stderr
    assert [line[:3] for line in run.stdout.splitlines() if "/4 " in line] == ["1/4", "2/4", "3/4", "4/4"]
    assert "interrupted" not in run.stdout
    assert (project / ".venv" / ".ready").exists()

    calls = (project / "calls").read_text()
    assert setup(project).returncode == 0
    assert (project / "calls").read_text() == calls


@pytest.mark.parametrize("when", ["venv", "quiet", "group", "compileall"])
def test_an_interrupted_one_is_started_anew(project, when):
    (project / f"interrupt-{when}").touch()
    assert setup(project).returncode != 0
    assert (project / ".venv" / "half").exists()
    assert not (project / ".venv" / ".ready").exists()

    run = setup(project)
    assert run.returncode == 0, run.stderr
    assert "The last set-up was interrupted" in run.stdout
    assert not (project / ".venv" / "half").exists()
    assert (project / ".venv" / "installed").exists()
    assert (project / ".venv" / ".ready").exists()


def test_a_new_dependency_is_installed_into_what_is_there(project):
    setup(project)
    (project / ".venv" / "mine").touch()
    os.utime(project / ".venv" / ".ready", (0, 0))

    run = setup(project)
    assert run.returncode == 0
    assert "3/4" in run.stdout
    assert (project / ".venv" / "mine").exists()


def test_another_environment_of_that_name_is_not_removed(project):
    (project / ".venv").mkdir()
    (project / ".venv" / "mine").touch()

    assert setup(project).returncode == 0
    assert (project / ".venv" / "mine").exists()
