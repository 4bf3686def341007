"""The algorithms that other packages have too, beside them, in single precision."""

from __future__ import annotations

import pytest

from support.oracle_runs import from_peer, peers


@pytest.mark.sampled(53)
@pytest.mark.parametrize("peer", peers(), ids=str)
def test_equals_its_peer(peer):
    # Not compiled, which takes most of the time: the compiled step is what oracles are compared with.
    assert from_peer(peer, "float32", jit_compile=False) <= 1e-6
