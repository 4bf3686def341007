"""The real command line, in this process."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from optiplug.cli import application

HERE = Path(__file__).parent
# Keras 3.15 turns its variables into arrays in the way of NumPy 1.
ARRAYS = "ignore:__array__ implementation doesn't accept a copy keyword"


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.filterwarnings(ARRAYS))


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
