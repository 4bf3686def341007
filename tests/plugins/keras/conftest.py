"""Every test with a `flavour` runs with both Keras."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.keras_models import FLAVOURS

HERE = Path(__file__).parent
# Keras 3.15 turns its variables into arrays in the way of NumPy 1.
ARRAYS = "ignore:__array__ implementation doesn't accept a copy keyword"


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.filterwarnings(ARRAYS))


@pytest.fixture(scope="module", params=list(FLAVOURS))
def flavour(request):
    return FLAVOURS[request.param]
