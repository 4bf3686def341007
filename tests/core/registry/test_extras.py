"""What extras offer, and what is said of it where it is not installed."""

from __future__ import annotations

import tomllib

import pytest

import optiplug
from optiplug import registry
from optiplug._registry.extras import EXTRAS, extra_of, how_to_install
from optiplug._registry.registry import Registry
from support.project_paths import ROOT


def test_the_list_is_that_of_the_distributions():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    offered = {}
    for extra, distributions in extras.items():
        names = {}
        for entry in registry.entries():
            if entry.distribution in distributions:
                names.setdefault(entry.kind, []).append(entry.name)
        offered[extra] = {kind: " ".join(sorted(each)) for kind, each in names.items()}
    assert {extra: names for extra, names in offered.items() if names} == EXTRAS


@pytest.fixture
def without_extras(monkeypatch):
    """Hide the distributions of the extras."""
    hidden = {"optiplug-contrib", "optiplug-lab"}
    every = registry.entries()
    entries = Registry.entries

    def visible(self, kind=None):
        return tuple(each for each in entries(self, kind) if each.distribution not in hidden)

    assert any(each.distribution in hidden for each in every)
    monkeypatch.setattr(Registry, "entries", visible)


@pytest.mark.parametrize(
    ("kind", "name", "extra"),
    [("optimizers", "prodigy", "contrib"), ("processors", "swa", "contrib"), ("tasks", "digits", "lab")],
)
def test_a_missing_name_is_told_with_its_extra(without_extras, kind, name, extra):
    with pytest.raises(optiplug.PluginError, match=rf'pip install "optiplug\[{extra}\]"'):
        registry.find(kind, name)


def test_what_is_in_no_extra_is_a_typing_error(without_extras):
    assert extra_of("optimizers", "sgdd") == how_to_install("optimizers", "sgdd") == ""
    with pytest.raises(optiplug.PluginError, match="did you mean 'sgd'"):
        registry.find("optimizers", "sgdd")


@pytest.mark.parametrize("arguments", [("train", "run.yaml"), ("train", "--help"), ("show", "train")])
def test_a_missing_command_says_which_extra_to_install(without_extras, arguments):
    from typer.testing import CliRunner

    from optiplug.cli import application

    result = CliRunner().invoke(application(arguments), arguments)
    assert (result.exit_code, result.stdout) == (4, "")
    assert 'pip install "optiplug[lab]"' in result.stderr
