"""What several tests of the core share."""

from __future__ import annotations

import pytest

from optiplug.registry import registry


@pytest.fixture
def registered():
    """Return a function that gives a Config class a name until the test ends."""
    entries = []

    def register(config, name):
        entries.append(registry.register(config.kind, name, config))
        return config

    yield register
    for entry in entries:
        registry.unregister(entry.kind, entry.name)
