"""The key `plugins` at the top of a document holds for all of it, and for nothing else."""

from __future__ import annotations

import sys

import pytest

from optiplug import ConfigError, registry
from optiplug._config.base import resolve
from optiplug._config.documents import optimizer_of, optimizers
from optiplug.cli.loading import load
from optiplug.document import parse
from support.fake_distributions import config_module, installing

SGD = {"use": "sgd"}


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """An optimizer, a processor and a command of a stranger, for the registry of the process."""
    with installing(tmp_path, monkeypatch) as install:
        points = {
            "optimizers": {"swift": "fake_swift:Swift"},
            "processors": {"gust": "fake_gust:Gust"},
            "commands": {"blow": "fake_blow:Blow"},
        }
        modules = {
            "fake_swift": config_module("Swift"),
            "fake_gust": config_module("Gust", kind="Processor"),
            "fake_blow": config_module("Blow", kind="Command"),
        }
        install("fake-swift", "1.4", points=points, modules=modules)
        registry.refresh()
        yield
        monkeypatch.undo()
        registry.refresh()


def refusal(document):
    """Return the one problem of a document, and what was imported of the stranger."""
    with pytest.raises(ConfigError) as caught:
        optimizer_of(document)
    (problem,) = caught.value.problems
    return problem.path, problem.plugin, {"fake_swift", "fake_gust", "fake_blow"} & set(sys.modules)


PLACES = {
    "top": ({"use": "swift"}, ("use",)),
    "processor": ({**SGD, "processors": ["gust"]}, ("processors", 0)),
    "group": (
        {
            "use": "partition",
            "groups": [{"name": "a", "optimizer": "swift"}, {"name": "b", "optimizer": "sgd"}],
        },
        ("groups", 0, "optimizer"),
    ),
    "in a group": (
        {
            "use": "partition",
            "groups": [{"name": "a", "optimizer": {**SGD, "processors": [{"use": "gust"}]}}],
        },
        ("groups", 0, "optimizer", "processors", 0, "use"),
    ),
}


@pytest.mark.parametrize("plugins", [{"allow": []}, {"block": ["fake-swift"]}, {"allow": ["optiplug-sgd"]}])
@pytest.mark.parametrize("place", PLACES)
def test_it_holds_for_every_part_and_nothing_is_imported(place, plugins, stranger):
    document, path = PLACES[place]
    assert refusal({**document, "plugins": plugins}) == (path, True, set())
    assert optimizer_of({**document, "plugins": {"allow": ["fake-swift"]}}).kind == "optimizers"
    assert optimizer_of(document) == optimizer_of({**document, "plugins": {}})


def test_requirements_come_before_any_import(stranger):
    path, plugin, imported = refusal({"use": "swift", "plugins": {"require": ["fake-swift>=2"]}})
    assert (path, plugin, imported) == (("plugins", "require", 0), True, set())


def test_a_keyword_needs_its_processor():
    document = {**SGD, "clipnorm": 1.0, "plugins": {"block": ["clip_by_norm"]}}
    assert refusal(document)[:2] == (("clipnorm", "use"), True)


def test_configs_made_before_are_looked_at_too(stranger):
    swift = resolve("optimizers", "swift")
    groups = [{"name": "a", "optimizer": swift}, {"name": "b", "optimizer": "sgd"}]
    path, plugin, _ = refusal({"use": "partition", "groups": groups, "plugins": {"allow": []}})
    assert (path, plugin) == (("groups", 0, "optimizer"), True)


def test_it_says_nothing_of_the_process(stranger):
    with pytest.raises(ConfigError):
        optimizer_of({"use": "swift", "plugins": {"block": ["fake-swift"]}})
    assert resolve("optimizers", "swift").kind == "optimizers"


@pytest.mark.parametrize(
    ("text", "where", "code_missing"),
    [
        ("use: sgd\nplugins:\n  require: [optiplug-lyon]", "a.yaml:3:13: plugins.require[0]", True),
        ("use: sgd\nplugins: {allow: 3}", "a.yaml:2:18: plugins.allow", False),
        ("use: sgd\nplugins: {alow: []}", "a.yaml:2:11: plugins.alow", False),
        ("use: partition\ngroups: [{name: a, optimizer: {use: sgd, plugins: {}}}]", "a.yaml:2:42", False),
        (
            "command: blow\nplugins: {allow: []}",
            "a.yaml:1:10: command: blow@fake-swift 1.4 is not among",
            True,
        ),
        ("command: blow\nplugins: {require: [fake-swift>=9]}", "a.yaml:2:21: plugins.require[0]", True),
        ("command: blow\nplugins: {strict: 3}", "a.yaml:2:19: plugins.strict", False),
    ],
)
def test_each_mistake_has_its_line_and_column(text, where, code_missing, stranger):
    with pytest.raises(ConfigError) as caught:
        load(parse(text, "yaml", "a.yaml"))
    assert str(caught.value).startswith(where)
    assert any(problem.plugin for problem in caught.value.problems) is code_missing
    assert "fake_blow" not in sys.modules or "allow" not in text


def test_the_config_of_a_command_keeps_it(stranger):
    config = load(parse("command: blow\nplugins: {block: [sgd]}", "yaml", "a.yaml"))
    assert config.dump()["plugins"] == {"block": ["sgd"]}
    with pytest.raises(ConfigError, match="installed is fake-swift"):
        type(config)(plugins={"require": ["fake-swift<1"]})


def test_optimizers_are_found_with_their_paths():
    config = optimizer_of({"use": "partition", "groups": [{"name": "a", "optimizer": "sgd"}]})
    assert [path for path, _ in optimizers(config)] == [(), ("groups", 0, "optimizer")]
