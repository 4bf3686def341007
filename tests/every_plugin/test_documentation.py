"""Every plugin says what it computes, whose idea it was, and how to try it, in one short file."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from optiplug import registry
from optiplug.registry import KINDS

LONGEST = 200
ALGORITHMS = [
    pytest.param(registry.load(entry), id=f"{entry.kind}-{entry.name}")
    for kind in ("optimizers", "processors", "schedules")
    for entry in registry.entries(kind)
]


@pytest.mark.parametrize("config", ALGORITHMS)
def test_the_docstring_has_a_formula_an_example_and_the_paper(config):
    text = inspect.getdoc(config.load_implementation()) or ""
    assert ">>> " in text, "no example"
    assert "::" in text or ".. math::" in text or "``" in text or ":math:" in text, "no formula"
    if config.paper and not config.paper.startswith("None"):
        author = re.split(r"[\s,]", config.paper)[0]
        assert author in text, f"{author} of {config.paper!r} is not named"


@pytest.mark.parametrize("config", ALGORITHMS)
def test_an_algorithm_is_one_short_file(config):
    implementation = config.load_implementation()
    assert len(Path(inspect.getfile(implementation)).read_text().splitlines()) <= LONGEST


def test_all_kinds_of_algorithms_are_looked_at():
    assert {param.id.partition("-")[0] for param in ALGORITHMS} < set(KINDS)
    assert len(ALGORITHMS) == sum(
        len(registry.entries(kind)) for kind in ("optimizers", "processors", "schedules")
    )
