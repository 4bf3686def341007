"""`optiplug diff`: what two files mean, whatever they say and in which format."""

from __future__ import annotations

import json
import sys

import importlib_metadata
import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from support.explained_plugins import TEXT, install_plugins

SGD = "use: sgd\nlearning_rate: 0.5\nprocessors: [ema, {use: weight_decay, rate: 0.1}]"
SAME = {
    "a.yaml": SGD,
    "a.toml": 'learning_rate = 5e-1\nuse = "sgd@optiplug-sgd"\n[[processors]]\nuse = "ema"\n'
    '[[processors]]\nrate = 0.1\nuse = "weight_decay@optiplug-processors>=0"',
    "a.json": '{"use": "sgd@optiplug_sgd", "learning_rate": 0.50, "momentum": 0, "processors": '
    '[{"use": "ema"}, {"use": "weight_decay", "rate": 1e-1}], "clipnorm": null}',
}


def rows(result):
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("name", SAME)
def test_what_means_the_same_is_equal(run, write, name):
    one, other = write(SGD), write(SAME[name], name)
    result = run("diff", one, other)
    assert (result.exit_code, result.stderr) == (0, "")
    assert rows(result)[2:] == ["no difference"]
    told = json.loads(run("diff", other, one, "--json").stdout)
    assert (told["equal"], told["differences"]) == (True, [])


def test_each_difference_has_both_origins(run, write):
    one = write(SGD)
    other = write("use: sgd\nmomentum: 0.9\nprocessors: [{use: weight_decay, rate: 0.2}, ema]", "b.yaml")
    result = run("diff", one, other)
    version = importlib_metadata.version("optiplug-sgd")
    assert result.exit_code == 1
    assert rows(result) == [
        f"{one}: optimizer sgd@optiplug-sgd {version}",
        f"{other}: optimizer sgd@optiplug-sgd {version}",
        f"path {one} {other}",
        "learning_rate 0.5 at 2:16 0.01 by default",
        "momentum 0.0 by default 0.9 at 2:11",
        "processors[1].rate 0.1 at 3:45 0.2 at 3:40",
        'processors ["ema", "weight_decay"] at 3:13 ["weight_decay", "ema"] at 3:13',
    ]
    told = json.loads(run("diff", one, other, "--json").stdout)
    assert told["differences"][2] == {
        "path": "processors[1].rate",
        "one": {"path": "processors[1].rate", "value": 0.1, "origin": f"{one}:3:45"},
        "other": {"path": "processors[0].rate", "value": 0.2, "origin": f"{other}:3:40"},
    }
    assert "same" not in told


def test_defaults_of_one_only_are_counted(run, write):
    one, other = write("use: sgd"), write("use: adam\nbeta_1: 0.8", "b.yaml")
    lines = rows(run("diff", one, other))
    assert 'use "sgd" at 1:6 "adam" at 1:6' in lines
    assert "beta_1 - 0.8 at 2:9" in lines
    assert not any(line.startswith("beta_2") for line in lines)
    assert lines[-1].endswith("defaults that only one has: --all shows them")
    lines = rows(run("diff", one, other, "--all"))
    assert "beta_2 - 0.999 by default" in lines
    assert "clipnorm null by default null by default" in lines
    told = json.loads(run("diff", one, other, "--json", "--all").stdout)
    assert "beta_2" in [each["path"] for each in told["differences"]]
    assert "clipnorm" in [each["path"] for each in told["same"]]


def test_what_a_config_may_use_is_compared(run, write):
    one, other = write(SGD), write(f"{SGD}\nplugins: {{block: [adam]}}", "b.yaml")
    assert rows(run("diff", one, other))[3:] == ['plugins.block[0] - "adam" at 4:19']
    assert run("diff", other, other).exit_code == 0


@pytest.mark.parametrize("place", [0, 1])
def test_one_may_be_standard_input(write, place):
    files = [str(write(SGD)), "-"]
    argv = ["diff", *(files if place else files[::-1]), "--format", "json"]
    result = CliRunner().invoke(application(argv), argv, input=SAME["a.json"])
    assert (result.exit_code, "<stdin>: optimizer sgd" in result.stdout) == (0, True)


def test_what_cannot_be_compared_is_a_usage_error(run, write):
    assert run("diff", "-", "-").exit_code == 2
    task = write("command: train\ntask: digits\noptimizer: sgd\nsteps: 1", "task.yaml")
    result = run("diff", write(SGD), task)
    assert (result.exit_code, result.stdout) == (2, "")
    assert run("diff", write(SGD), write(SGD), "--format", "json").exit_code == 2


@pytest.mark.parametrize(("text", "code"), [("use: sgd\nmomentum: 2", 3), ("use: nothing", 4)])
def test_a_config_that_is_broken_is_told_of(run, write, text, code):
    for files in ((write(SGD), write(text, "b.yaml")), (write(text, "b.yaml"), write(SGD))):
        result = run("diff", *files)
        assert (result.exit_code, result.stdout) == (code, "")
        assert f"{write(text, 'b.yaml')}:" in result.stderr


def test_nothing_but_configs_is_imported(run, write, install):
    install_plugins(install)
    assert run("diff", write(TEXT), write(TEXT.replace("  - late", "  - early"), "b.yaml")).exit_code == 1
    assert "fake_hooks" not in sys.modules


RUN = """\
command: train
task: digits
steps: {steps}
optimizer: {{use: sgd, momentum: 0.9}}
"""


def test_a_run_is_its_config_if_its_versions_are_installed(run, write):
    version = importlib_metadata.version("optiplug-sgd")
    one = write(RUN.format(steps=9), "one.yaml")
    kept = write(RUN.format(steps=9) + f"versions: {{optiplug-sgd: {version}}}", "config.yaml")
    assert run("diff", one, kept).exit_code == run("diff", kept, one).exit_code == 0
    former = write(
        RUN.format(steps=8) + "versions: {optiplug-sgd: 0.0.9, gone: '1', python: '2'}", "old.yaml"
    )
    result = run("diff", one, former)
    assert result.exit_code == 1
    assert rows(result)[3:] == [
        "steps 9 at 3:8 8 at 3:8",
        f'versions.optiplug-sgd "{version}" installed "0.0.9" at 5:26',
        'versions.gone - "1" at 5:39',
        f'versions.python "{sys.version.split()[0]}" installed "2" at 5:52',
    ]
    told = json.loads(run("diff", kept, former, "--json").stdout)
    assert [each["path"] for each in told["differences"]] == [
        "steps",
        "versions.optiplug-sgd",
        "versions.gone",
        "versions.python",
    ]
