"""What a shell offers on Tab, asked as a shell asks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from optiplug.cli.completion import command_line, complete_file, complete_folder
from optiplug.registry import KINDS


def offered(line, cwd="."):
    """Return what bash is offered at the end of a command line."""
    words = line.split(" ")
    environment = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    result = subprocess.run(
        [sys.executable, "-m", "optiplug.cli"],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "_OPTIPLUG_COMPLETE": "complete_bash", **environment},
        check=False,
    )
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("optiplug ", {"list", "show", "check", "schema", "explain", "diff", "lock", "checkpoint", "train"}),
        ("optiplug checkpoint ", {"list", "show", "verify", "diff"}),
        ("optiplug checkpoint diff --", {"--no-values", "--json"}),
        ("optiplug show adam", {"adam", "adamw", "adamax"}),
        ("optiplug show sgd@", {"sgd@optiplug-sgd"}),
        ("optiplug show --kind schedule cos", {"cosine", "cosine_restarts"}),
        ("optiplug schema cos", {"cosine"}),
        ("optiplug list cos", {"cosine"}),
        ("optiplug list --kind ", set(KINDS)),
        ("optiplug show --kind sch", {"schedules"}),
        ("optiplug check --format ", {"yaml", "toml", "json"}),
        ("optiplug explain --task ", {"digits", "chars"}),
        ("optiplug train --", {"--resume", "--run-dir"}),
    ],
)
def test_names_kinds_and_options_are_offered(line, some):
    found = offered(line)
    assert some <= set(found)
    assert all(each.startswith(line.split(" ")[-1]) for each in found)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("command", ["check", "explain", "check a.yaml"])
def test_files_are_offered(command, tmp_path):
    for name in ("a.yaml", "b.toml", "notes.txt", "few/c.json", "few/d.yml", "few/e.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert offered(f"optiplug {command} ", tmp_path) == ["a.yaml", "b.toml", "few/"]
    assert offered(f"optiplug {command} few/d", tmp_path) == ["few/d.yml"]
    # What a shell would complete to a folder and a space goes on into it.
    assert offered(f"optiplug {command} fe", tmp_path) == ["few/c.json", "few/d.yml"]
    assert complete_file(f"{tmp_path}/b") == [f"{tmp_path}/b.toml"]
    assert complete_file("nowhere/") == []


def test_only_folders_are_offered_for_steps(tmp_path):
    for name in ("run/config.yaml", "run/checkpoints/step-00000001/manifest.json", "runs.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert offered("optiplug checkpoint list ", tmp_path) == ["run/checkpoints/step-00000001/"]
    assert complete_folder(f"{tmp_path}/no") == []


def test_lock_files_are_offered_where_one_is_wanted(tmp_path):
    for name in ("a.yaml", "a.lock", "few/optiplug.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert offered("optiplug check a.yaml --lock ", tmp_path) == ["a.lock", "few/"]
    assert offered("optiplug lock a.yaml -o few/", tmp_path) == ["few/optiplug.lock"]


@pytest.mark.parametrize("variable", ["COMP_WORDS", "_TYPER_COMPLETE_ARGS"])
def test_every_shell_says_which_command_it_is_about(monkeypatch, variable):
    monkeypatch.setattr(sys, "argv", ["optiplug", "list"])
    assert command_line() == ["list"]
    monkeypatch.setenv("_OPTIPLUG_COMPLETE", "complete_zsh")
    monkeypatch.setenv(variable, "optiplug train --re")
    assert command_line() == ["train", "--re"]
