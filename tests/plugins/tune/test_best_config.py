"""The best config of a study: a plain config file."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from optiplug.document import parse, read
from optiplug_tune.space import read_space, write_best

TEXT = """\
use: sgd
learning_rate: {search: log, low: 1e-4, high: 1}
momentum: 0.9
"""
PROVENANCE = {"study": "digits", "trial": 7, "objective": 0.25}


@pytest.fixture
def space():
    return read_space(parse(TEXT, "yaml", "sgd.yaml"))


def test_it_is_a_valid_config_with_the_values(space, tmp_path):
    path = tmp_path / "best.yaml"
    write_best(path, space, {"learning_rate": 0.012345678901234567}, PROVENANCE)

    assert read(path).data == {"use": "sgd", "learning_rate": 0.012345678901234567, "momentum": 0.9}
    assert CliRunner().invoke(application(["check"]), ["check", str(path)]).exit_code == 0


def test_it_says_where_it_comes_from(space, tmp_path):
    path = tmp_path / "best.yaml"
    write_best(path, space, space.default, PROVENANCE)

    assert path.read_text().startswith("# study: digits\n# trial: 7\n# objective: 0.25\n")
