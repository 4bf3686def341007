"""The pytest plugin of optiplug: fixtures for whoever tests a plugin.

pytest imports this file in every run in which optiplug is installed: no TensorFlow here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from optiplug import registry
from optiplug._config.registration import register

__all__ = ["registered"]


@pytest.fixture
def registered() -> Iterator[Callable[..., Any]]:
    """Return `optiplug.register`, whose effects end with the test."""
    before = set(registry.entries())
    yield register
    for entry in set(registry.entries()) - before:
        registry.unregister(entry.kind, entry.name, entry.distribution)
