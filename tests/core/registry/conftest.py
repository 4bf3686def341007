"""Fake distributions, as the registry of a test finds them."""

from __future__ import annotations

import sys

import pytest

from support.distributions import config_module, fake_distribution


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put fake distributions on the path; their modules are forgotten afterwards."""
    before = set(sys.modules)

    def installed(name, version="1.0", **parts):
        folder = fake_distribution(tmp_path / f"{name}-{version}", name, version, **parts)
        monkeypatch.syspath_prepend(folder)

    yield installed
    for module in set(sys.modules) - before:
        if module.startswith("fake_"):
            del sys.modules[module]


@pytest.fixture
def swift(install):
    """A distribution with one good optimizer."""
    install(
        "fake-swift",
        "1.4",
        points={"optimizers": {"swift": "fake_swift:Swift"}},
        modules={"fake_swift": config_module("Swift")},
    )
