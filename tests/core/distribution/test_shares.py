"""Sharded state on the replicas of one process: the bits of state that is whole."""

import numpy as np
import pytest

from support.sharded_runs import CONFIGS, Run, assert_same
from support.strategies import mirrored

CALLS = range(5)


# Each config on 2 and on 4, once step by step and once in a graph: what a graph adds is the same on both.
FORMS = [
    pytest.param(name, replicas, (place + replicas // 2) % 2 == 0, id=f"{name}-{replicas}")
    for place, name in enumerate(CONFIGS)
    for replicas in (2, 4)
]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("name", "replicas", "graph"), FORMS)
def test_same_bits(name, replicas, graph):
    strategy, broken = mirrored(replicas), name == "gates"
    runs = [
        Run(strategy, CONFIGS[name], sharded=sharded, graph=graph).train(CALLS, broken=broken)
        for sharded in (True, False)
    ]
    assert_same(*runs)
    assert np.all(np.isfinite(runs[0].model["table"]))
