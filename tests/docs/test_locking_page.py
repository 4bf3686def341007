"""What the page on lock files shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from optiplug.locking import read_lock
from support.fake_distributions import config_module
from support.locked_plugins import Installed
from support.page_blocks import blocks
from support.project_paths import ROOT

PAGE = ROOT / "docs" / "locking.md"
MODULE = config_module("Swift") + "    learning_rate: float = 0.01\n"


class Shell:
    """Does what the commands of the page say, in the current folder."""

    def __init__(self, installed):
        self._installed, self._code = installed, 0
        self.upgrade("1.4")

    def upgrade(self, version):
        self._installed.plugin("optimizers", "swift", "optiplug-swift", version, MODULE)

    def run(self, line, expected):
        """Return what a command prints; a file that is shown is written first."""
        command, *words = line.split()
        if command == "cat":
            Path(*words).write_text(expected)
            return expected
        if command == "echo":
            return str(self._code)
        if command == "pip":
            self.upgrade("2.0")
            return ""
        if command == "sed":
            _, old, new, _ = words[1].split("/")
            path = Path(words[2])
            path.write_text(re.sub(old, new, path.read_text()))
            return ""
        result = CliRunner(env={"COLUMNS": None}).invoke(application(words), words, prog_name=command)
        self._code = result.exit_code
        return result.output


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    installed = Installed(tmp_path / "sites", monkeypatch)
    yield Shell(installed)
    monkeypatch.undo()
    installed.forget()


def test_the_commands_print_what_the_page_shows(shell):
    shown = "".join(text for _, text in blocks(PAGE, "console"))
    commands = re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", shown, re.MULTILINE)
    assert len(commands) > 10
    for command, expected in commands:
        printed = " ".join(shell.run(command, expected).split())
        pattern = re.escape(" ".join(expected.split())).replace(r"\.\.\.", ".*")
        assert re.fullmatch(pattern, printed), f"{command}\n{printed}"


def test_the_lock_file_that_is_shown_is_one(tmp_path):
    ((_, text),) = blocks(PAGE, "toml")
    (tmp_path / "optiplug.lock").write_text(text)
    lock = read_lock(tmp_path / "optiplug.lock").file
    assert lock.text() == text
    assert lock.offering("optimizers", "swift") == ["optiplug-swift"]
