"""The order of `sys.path` never matters."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiplug.errors import PluginError
from optiplug.registry import KINDS, Registry
from support.fake_distributions import fake_distribution

FAKES = {
    "fake-one": ("1.0", {"optimizers": {"shared": "m:A", "alone": "m:A"}}),
    "fake-two": ("0.3", {"optimizers": {"shared": "m:B"}, "processors": {"shared": "m:C"}}),
    "Fake.Three": ("2.1", {"optimizers": {"alone-3": "m:A", "Bad": "m:A"}, "schedules": {"shared": "m:C"}}),
    "fake-ours": ("1.1", {"optimizers": {"reserved": "m:A"}}),
    "fake-stranger": ("1.2", {"optimizers": {"reserved": "m:A"}}),
}


@pytest.fixture(scope="module")
def fakes(tmp_path_factory):
    root = tmp_path_factory.mktemp("fakes")
    fake_distribution(root / "optiplug", "optiplug", requires=["fake-ours"])
    for name, (version, points) in FAKES.items():
        fake_distribution(root / name, name, version, points=points)
    return [str(path) for path in sorted(root.iterdir())]


def _answers():
    """Return everything that a registry says about the fakes."""
    registry = Registry()
    answers: list[object] = [
        (entry, registry.status(entry), registry.error(entry))
        for entry in registry.entries()
        if entry.distribution in FAKES
    ]
    for kind in KINDS:
        for reference in ("shared", "alone", "alone-3", "reserved", "reserved@fake-stranger", "share"):
            try:
                answers.append(registry.find(kind, reference))
            except PluginError as error:
                answers.append((type(error), str(error)))
    return answers


@pytest.mark.slow
@given(order=st.permutations(range(len(FAKES) + 1)))
def test_the_order_of_the_path_never_matters(order, fakes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*fakes, *sys.path])
        expected = _answers()
        patch.setattr(sys, "path", [*(fakes[place] for place in order), *sys.path[len(fakes) :]])
        assert _answers() == expected
        assert Registry().find("optimizers", "reserved").distribution == "fake-ours"
        assert len([each for each in expected if isinstance(each, tuple)]) >= len(FAKES)
