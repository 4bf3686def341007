"""What a distribution with plugins requires of others with plugins."""

from __future__ import annotations

import pytest

from optiplug import registry
from optiplug._registry.requirements import required, with_required
from support.fake_distributions import config_module


@pytest.fixture
def chain(install):
    """Three distributions, of which each requires the next; the last requires the first."""
    names = ["fake-one", "fake-two", "fake-three"]
    for index, name in enumerate(names):
        module = name.replace("-", "_")
        install(
            name,
            points={"optimizers": {module: f"{module}:Swift"}},
            modules={module: config_module("Swift")},
            requires=[f"{names[(index + 1) % 3].replace('-', '_')}>=1", "numpy", "optiplug-core", "?"],
        )
    registry.refresh()
    yield names
    registry.refresh()


def test_those_without_plugins_do_not_count(chain):
    assert required("fake-one") == {"fake-two"}


def test_all_on_the_way_count_and_a_circle_ends(chain):
    assert with_required(["fake-two"]) == set(chain)
    assert with_required([]) == set()


def test_extras_and_other_systems_do_not_count(install):
    wanted = [
        'optiplug-sgd; extra == "x"',
        'optiplug-adam; sys_platform == "none"',
        'optiplug-muon; python_version > "3"',
    ]
    install("fake-swift", points={"optimizers": {"swift": "fake_swift:Swift"}}, requires=wanted)
    assert required("fake-swift") == {"optiplug-muon"}
