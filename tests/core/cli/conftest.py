"""The real command line, in this process."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from optiplug.registry import registry
from support.distributions import fake_distribution


@pytest.fixture
def run():
    """Run `optiplug` with these arguments; the result has exit_code, stdout and stderr."""

    def invoke(*arguments):
        argv = [str(argument) for argument in arguments]
        result = CliRunner(env={"COLUMNS": None}).invoke(application(argv), argv, prog_name="optiplug")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put fake distributions on the path of the process-wide registry, for one test."""
    before = set(sys.modules)

    def installed(name, version="1.0", **parts):
        folder = fake_distribution(tmp_path / f"{name}-{version}", name, version, **parts)
        monkeypatch.syspath_prepend(folder)
        registry.refresh()

    yield installed
    monkeypatch.undo()
    registry.refresh()
    for module in set(sys.modules) - before:
        if module.startswith("fake_"):
            del sys.modules[module]


@pytest.fixture
def write(tmp_path):
    """Write a config file and return its path."""

    def written(text, name="run.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written
