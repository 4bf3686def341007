"""The example that `optiplug show` begins with."""

from __future__ import annotations

import pytest
import yaml

from optiplug import registry
from optiplug._config.facts import facts
from optiplug.cli.examples import example
from optiplug.cli.loading import load
from optiplug.document import parse


@pytest.mark.parametrize("entry", registry.entries(), ids=str)
def test_the_example_is_a_valid_config(entry):
    text = example(entry, facts(entry, registry.load(entry))["example"])
    document = parse(text, "yaml")
    config = load(document)
    assert entry.name in text
    assert config.dump()
    assert yaml.safe_load(text) == document.data  # readers of YAML 1.1 agree


def test_the_example_comes_first(run):
    shown = run("show", "adamw").stdout
    assert shown.startswith("adamw (optimizer)\n\nuse: adamw\nlearning_rate: 0.001\n")
    assert "epsilon: 1.0e-07\n" in shown
    assert "\nweight_decay: 0.004\n" in shown  # it has a default of its own
    assert "clipnorm: " not in shown
