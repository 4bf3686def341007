"""Sharded state on the replicas of one process: the bits of state that is whole."""

import numpy as np
import pytest

from support.sharded_runs import CONFIGS, Run, assert_same
from support.strategies import mirrored

CALLS = range(5)


@pytest.mark.sampled(6)
@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("replicas", [2, 4])
@pytest.mark.parametrize("name", CONFIGS)
def test_same_bits(name, replicas, graph):
    strategy, broken = mirrored(replicas), name == "gates"
    runs = [
        Run(strategy, CONFIGS[name], sharded=sharded, graph=graph).train(CALLS, broken=broken)
        for sharded in (True, False)
    ]
    assert_same(*runs)
    assert np.all(np.isfinite(runs[0].model["table"]))
