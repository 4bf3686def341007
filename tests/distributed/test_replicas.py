"""Replicas of one process do what one device does with the whole batch, whatever the config and the mode."""

from __future__ import annotations

from functools import cache

import pytest

from support import replica_matrix, worker_matrix
from support.replica_matrix import PLACES
from support.worker_matrix import CONFIGS, MODES, alone, assert_close
from support.worker_scenarios import CELLS

EVERY = [("mirrored 2", config, mode) for config in CONFIGS for mode in MODES]
SOME = [(place, config, mode) for place in list(PLACES)[1:] for config, mode in CELLS.items()]


@cache
def expected(config):
    return worker_matrix.train(alone(), config, "graph")


@pytest.mark.sampled(13)
@pytest.mark.parametrize(("place", "config", "mode"), [*EVERY, *SOME])
def test_the_same_values(place, config, mode):
    values = worker_matrix.train(PLACES[place](), config, mode, run=replica_matrix.Run)
    assert_close(values, expected(config))
