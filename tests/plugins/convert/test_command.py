"""`optiplug convert`."""

from __future__ import annotations

import json

import pytest

from optiplug._registry.registry import Registry
from optiplug.document import parse

SGD = '{"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.9}}'
EXPECTED = "# Converted from keras by optiplug convert.\nuse: sgd\nlearning_rate: 0.1\nmomentum: 0.9\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("optimizer.json", SGD),
        ("optimizer.yaml", "class_name: SGD\nconfig: {learning_rate: 0.1, momentum: 0.9}"),
        ("optimizer.toml", 'class_name = "SGD"\n[config]\nlearning_rate = 0.1\nmomentum = 0.9'),
    ],
)
def test_a_file_of_any_format(run, write, name, text):
    result = run("convert", write(text, name))

    assert (result.exit_code, result.stdout, result.stderr) == (0, EXPECTED, "")


@pytest.mark.parametrize("options", [(), ("--format", "json"), ("--from", "keras")])
def test_standard_input(run, options):
    assert run("convert", "-", *options, given=SGD).stdout == EXPECTED


def test_what_it_writes_is_a_valid_config(run, write, tmp_path):
    path = tmp_path / "ours.yaml"
    assert run("convert", write(SGD), "--output", path).exit_code == 0

    assert path.read_text() == EXPECTED
    assert run("check", path).exit_code == 0


def test_a_file_is_replaced_only_by_force(run, write, tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text("use: adam\n")
    refused = run("convert", write(SGD), "--output", path)

    assert (refused.exit_code, path.read_text()) == (2, "use: adam\n")
    assert "--force" in refused.stderr
    assert run("convert", write(SGD), "--output", path, "--force").exit_code == 0
    assert path.read_text() == EXPECTED


def test_json(run, write):
    told = json.loads(run("convert", write('{"optimizer": "RMSprop", "lr": 0.1}'), "--json").stdout)

    assert told["config"] == {"use": "rmsprop", "learning_rate": 0.1, "rho": 0.99, "epsilon": 1e-16}
    assert told | {"config": 0, "notes": 0} == {
        "format": 1,
        "from": "torch",
        "config": 0,
        "notes": 0,
        "left_out": [],
    }
    assert [note["path"] for note in told["notes"]] == ["epsilon"]


MAXIMIZED = '{\n  "optimizer": "SGD",\n  "lr": 0.1,\n  "maximize": true\n}'


def test_what_has_no_counterpart_is_refused_with_its_line(run, write):
    path = write(MAXIMIZED)
    result = run("convert", path)

    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith(f"{path}:4:15: maximize: has no counterpart. Received: True.")
    assert "minimize the negative" in result.stderr


def test_partial_tells_what_it_leaves_out(run, write):
    result = run("convert", write(MAXIMIZED), "--partial")
    told = json.loads(run("convert", write(MAXIMIZED), "--partial", "--json").stdout)

    assert result.exit_code == 0
    assert "# Left out: maximize: has no counterpart." in result.stdout
    assert dict(parse(result.stdout, "yaml").data) == {"use": "sgd", "learning_rate": 0.1}
    assert [each["path"] for each in told["left_out"]] == ["maximize"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"class_name": "Adamm", "config": {}}', "did you mean 'Adam'?"),
        ('{"class_name": "SGD", "config": {"momentun": 0.9}}', "did you mean 'momentum'?"),
        ('{"class_name": "SGD", "momentum": 0.9}', "momentum: is not read here"),
        ('{"class_name": "Addons>Lookahed", "config": {}}', "Lookahe"),
        ('{"optimizer": "AdamX", "lr": 0.1}', "did you mean 'Adam'?"),
        ('{"optax": "adamm", "learning_rate": 0.1}', "did you mean 'adam'?"),
        ('{"optax": "adam", "learning_rate": {"optax": "cosine_decay"}}', "cosine_decay_schedule"),
        ('{"optimizer": {"type": "sgdd"}, "learning_rate": {"type": "constant"}}', "did you mean 'sgd'?"),
        ('{"class_name": "SGD", "config": {"learning_rate": -1}}', "learning_rate: must be >= 0"),
        ('{"use": "sgd"}', "is a config of optiplug already"),
        ('{"optimizer": "SGD"}', "cannot tell which library"),
        ('{"param_groups": [{"lr": 0.1}]}', "do not say which optimizer"),
        ('{"nothing": 1}', "say so: --from keras"),
        ("[]", "a config is a mapping"),
    ],
)
def test_what_cannot_be_read_is_told(run, write, text, message):
    result = run("convert", write(text))

    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "jax"),
        ("--format", "json"),
        ("--force",),
        ("--output", "ours.json"),
    ],
)
def test_options_that_make_no_sense(run, write, options):
    assert run("convert", write(SGD), *options).exit_code == 2


def test_a_missing_plugin_is_told_with_its_extra(run, write, monkeypatch):
    entries = Registry.entries

    def visible(self, kind=None):
        return tuple(each for each in entries(self, kind) if each.distribution != "optiplug-contrib")

    monkeypatch.setattr(Registry, "entries", visible)

    result = run("convert", write('{"class_name": "Addons>Yogi", "config": {}}'))

    assert (result.exit_code, result.stdout) == (4, "")
    assert 'pip install "optiplug[contrib]"' in result.stderr


def test_control_characters_stay_out_of_comments(run, write):
    text = json.dumps({"optimizer": "SGD", "lr": 0.1, "maximize": "\x1b[31m\u202ered\nuse: adam"})
    result = run("convert", write(text), "--partial")

    assert result.exit_code == 0
    assert not {"\x1b", "\u202e"} & set(result.stdout)
    assert parse(result.stdout, "yaml").data["use"] == "sgd"
