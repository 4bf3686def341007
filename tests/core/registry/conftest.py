"""Fake distributions, as the registry of a test finds them."""

from __future__ import annotations

import pytest

from support.fake_distributions import config_module, installing


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put fake distributions on the path; their modules are forgotten afterwards."""
    with installing(tmp_path, monkeypatch) as install:
        yield install


@pytest.fixture
def swift(install):
    """A distribution with one good optimizer."""
    install(
        "fake-swift",
        "1.4",
        points={"optimizers": {"swift": "fake_swift:Swift"}},
        modules={"fake_swift": config_module("Swift")},
    )
