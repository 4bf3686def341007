"""The best config of a study: a plain config file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from optiplug import ConfigError
from optiplug.cli import application
from optiplug.document import parse, parse_setting, read
from optiplug_tune.space import read_space, space_of, write_best

TEXT = """\
# yaml-language-server: $schema=./optiplug.schema.json

use: sgd            # the optimizer
learning_rate: {search: log, low: 1e-4, high: 1}   # the rate
momentum:  # of the average
  search: linear
  low: 0     # low
  high: 0.9  # high

# Clips:
global_clipnorm:
  search: choice
  of:
  - 1e-3     # small
  - use: cosine   # falls
    initial_learning_rate: {search: log, low: 1, high: 2}   # from here
    decay_steps: 1000
# Processors:
processors:
- use: weight_decay   # decay
  rate:
    search: log
    low: 1e-5
    high: 1e-2
  # biases
  skip: ['*bias*']
- ema                 # average
"""
PLAIN = """\
# study: digits
# seeds: 0, 1
# versions: optiplug-core 1.0, optiplug-sgd 1.0
# yaml-language-server: $schema=./optiplug.schema.json

use: sgd            # the optimizer
learning_rate: 0.25                                # the rate
momentum: 0.5 # of the average

# Clips:
global_clipnorm: 1e-3
# Processors:
processors:
- use: weight_decay   # decay
  rate: 3.0e-05
  # biases
  skip: ['*bias*']
- ema                 # average
"""
VALUES = {
    "learning_rate": 0.25,
    "momentum": 0.5,
    "global_clipnorm": 1e-3,
    "processors[0].rate": 3e-5,
}
PROVENANCE = {"study": "digits", "seeds": [0, 1], "versions": {"optiplug-core": "1.0", "optiplug-sgd": "1.0"}}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sgd.yaml"
    path.write_text(TEXT)
    return path


def check(path):
    """Let `optiplug check` say whether a file is a valid config."""
    return CliRunner().invoke(application(["check"]), ["check", str(path)])


def test_the_words_and_comments_of_the_file_are_kept(file, tmp_path):
    path = tmp_path / "best.yaml"
    write_best(path, read_space(file), VALUES, PROVENANCE)

    assert path.read_text() == PLAIN
    assert check(path).exit_code == 0
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith("draft")] == []


def test_an_option_that_is_a_config_keeps_its_comments(file, tmp_path):
    path = tmp_path / "best.yaml"
    inner = {"global_clipnorm": "cosine", "global_clipnorm.of[1].initial_learning_rate": 1.5}
    write_best(path, read_space(file), {**VALUES, **inner}, {})

    option = "global_clipnorm: use: cosine # falls initial_learning_rate: 1.5 # from here decay_steps: 1000"
    assert f"# Clips: {option} # Processors: processors:" in " ".join(path.read_text().split())
    assert check(path).exit_code == 0


def test_settings_are_in_it(file, tmp_path):
    path = tmp_path / "best.yaml"
    given_settings = [
        "momentum=0.1",
        "clipvalue=2",
        "processors[1].momentum={search: linear, low: 0, high: 1}",
    ]
    settings_ = list(map(parse_setting, ["global_clipnorm=null", *given_settings]))
    space = read_space(file, settings_)
    write_best(path, space, space.default, {})

    data = read(path).data
    assert data == space.config(space.default)
    assert (data["momentum"], data["clipvalue"], data["processors"][1]["momentum"]) == (0.1, 2, 0.5)
    assert "# Clips:" in path.read_text()
    assert check(path).exit_code == 0


@pytest.mark.parametrize("change", [lambda path: path.unlink(), lambda path: path.write_text("use: [")])
def test_a_file_that_is_gone_leaves_its_values(file, tmp_path, change):
    space, path = read_space(file), tmp_path / "best.yaml"
    change(file)
    write_best(path, space, VALUES, {})

    assert read(path).data == space.config(VALUES)


def test_json_and_toml_become_yaml(tmp_path):
    source, path = tmp_path / "sgd.json", tmp_path / "best.yaml"
    source.write_text(json.dumps({"use": "sgd", "learning_rate": {"search": "log", "low": 1e-9, "high": 1}}))
    write_best(path, read_space(source), {"learning_rate": 1e-7}, {"study": "two\nlines"})

    assert path.read_text().splitlines()[1:] == ["use: sgd", "learning_rate: 1.0e-07"]
    assert check(path).exit_code == 0


def test_numbers_that_ruamel_reads_otherwise_are_kept(tmp_path):
    source, path = tmp_path / "sgd.yaml", tmp_path / "best.yaml"
    source.write_text("use: sgd\nname: 1_000\nlearning_rate: {search: log, low: 1, high: 2}\n")
    space = read_space(source)
    write_best(path, space, space.default, {})

    assert read(path).data["name"] == "1_000"


def test_what_no_file_can_have_is_refused(tmp_path):
    space = read_space(parse(TEXT, "yaml", "sgd.yaml"))
    with pytest.raises(ConfigError, match="must end in"):
        write_best(tmp_path / "best.json", space, VALUES, {})
    rate = {"search": "choice", "of": [0, 1]}
    in_code = space_of({"use": "sgd", "momentum": rate, "learning_rate": lambda: 0.1})
    with pytest.raises(ConfigError, match="in code only"):
        write_best(tmp_path / "best.yaml", in_code, in_code.default, {})


@settings(deadline=None, max_examples=10)
@given(st.floats(1e-4, 1), st.floats(0, 0.9), st.floats(1e-5, 1e-2))
def test_values_survive_bit_by_bit(tmp_path_factory, rate, momentum, decay):
    folder = tmp_path_factory.getbasetemp()
    source, path = folder / "survives.yaml", folder / "best.yaml"
    source.write_text(TEXT)
    space = read_space(source)
    values = {**VALUES, "learning_rate": rate, "momentum": momentum, "processors[0].rate": decay}
    write_best(path, space, values, PROVENANCE)

    assert read(path).data == space.config(values)
