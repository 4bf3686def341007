"""The real command line, in this process."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from support.fake_distributions import refreshing


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
    with refreshing(tmp_path, monkeypatch) as install:
        yield install


@pytest.fixture
def write(tmp_path):
    """Write a config file and return its path."""

    def written(text, name="run.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written
