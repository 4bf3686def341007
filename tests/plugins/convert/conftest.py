"""The real command line, in this process."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from optiplug.cli import application


@pytest.fixture
def run():
    """Run `optiplug` with these arguments; the result has exit_code, stdout and stderr."""

    def invoke(*arguments, given=None):
        argv = [str(argument) for argument in arguments]
        runner = CliRunner(env={"COLUMNS": None})
        result = runner.invoke(application(argv), argv, prog_name="optiplug", input=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def written(text, name="optimizer.json"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return written
