"""The algorithms that other packages have too, beside them, in single precision."""

from __future__ import annotations

import pytest

from support.oracle_runs import from_peer, peers


@pytest.mark.parametrize("peer", peers(), ids=str)
def test_equals_its_peer(peer):
    assert from_peer(peer, "float32") <= 1e-6
