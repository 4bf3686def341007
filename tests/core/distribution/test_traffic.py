"""The formulas are what a ring moves that is played message by message, and what real processes send."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optiplug._distribution.traffic import exchanged, gathered, served, summed
from support import traffic
from support.scaled_runs import RUNS
from support.scaled_steps import MODELS

QUICK = ["4 matrices, 8 MB", "256 rows of 25.6 MB"]

needs_network = pytest.mark.skipif(bool(traffic.without_own_network()), reason=traffic.without_own_network())


class Ring:
    """Replicas that send to the next one, and what each has sent, in elements, and in how many rounds."""

    def __init__(self, replicas):
        self.replicas, self.sent, self.rounds = replicas, np.zeros(replicas), 0

    def pass_on(self, messages):
        """Let each replica send its message to the next, and return what each receives."""
        self.sent += [each.size for each in messages]
        self.rounds += 1
        return [messages[number - 1] for number in range(self.replicas)]


def sum_in_a_ring(ring, values):
    count = ring.replicas
    shares = [list(np.split(value.copy(), count)) for value in values]
    for turn in range(count - 1):
        received = ring.pass_on([shares[n][(n - turn) % count] for n in range(count)])
        for n in range(count):
            shares[n][(n - turn - 1) % count] += received[n]
    for turn in range(count - 1):
        received = ring.pass_on([shares[n][(n + 1 - turn) % count] for n in range(count)])
        for n in range(count):
            shares[n][(n - turn) % count] = received[n]
    return [np.concatenate(each) for each in shares]


def gather_in_a_ring(ring, shares):
    held, passing = [{n: share} for n, share in enumerate(shares)], list(shares)
    for turn in range(1, ring.replicas):
        passing = ring.pass_on(passing)
        for n, share in enumerate(passing):
            held[n][(n - turn) % ring.replicas] = share
    return [np.concatenate([each[n] for n in sorted(each)]) for each in held]


@pytest.mark.parametrize("replicas", [1, 2, 3, 4, 8])
def test_a_sum_is_that_of_a_ring(replicas):
    ring, size = Ring(replicas), 24 * 5
    values = np.random.default_rng(0).normal(size=(replicas, size))

    for result in sum_in_a_ring(ring, values):
        np.testing.assert_allclose(result, values.sum(axis=0), rtol=1e-12)
    transfer = summed("values", size, replicas)
    assert (transfer.total, transfer.rounds) == (ring.sent.sum(), ring.rounds)
    assert list(ring.sent) == [transfer.replica] * replicas
    assert transfer.link == transfer.replica


@pytest.mark.parametrize("replicas", [1, 2, 3, 4, 8])
def test_a_gather_is_that_of_a_ring(replicas):
    ring, share = Ring(replicas), 15
    shares = np.random.default_rng(0).normal(size=(replicas, share))

    for result in gather_in_a_ring(ring, shares):
        np.testing.assert_array_equal(result, shares.ravel())
    transfer = gathered("values", share, replicas)
    assert (transfer.total, transfer.rounds) == (ring.sent.sum(), ring.rounds)
    assert list(ring.sent) == [transfer.replica] * replicas
    assert gathered("values", share, replicas, sizes_first=True) == replace(transfer, rounds=2 * ring.rounds)


def test_servers_get_variables_in_turn():
    assert served([5, 1, 2, 9], servers=2) == 10
    assert served([5, 1, 2], servers=3) == 5
    assert served([5], servers=4) == 5
    assert exchanged("values", 17, fullest=10, replicas=3).link == 30
    assert exchanged("values", 17, fullest=10, replicas=1).link == 17


@needs_network
def test_two_workers_send_what_is_calculated(tmp_path):
    cases = [case for case in RUNS["multi_worker 2"].cases if case[1] in QUICK]

    require_calculated(replace(RUNS["multi_worker 2"], cases=cases), tmp_path)


def left(name, run):
    """Return a run without what the quick test has counted, and of four on a mesh what two show as well."""
    models = {"multi_worker 2": set(MODELS) - set(QUICK), "mesh 4": QUICK}.get(name, MODELS)
    return replace(run, cases=[case for case in run.cases if case[1] in models])


@pytest.mark.slow
@needs_network
@pytest.mark.parametrize("name", RUNS)
def test_processes_send_what_is_calculated(tmp_path, name):
    require_calculated(left(name, RUNS[name]), tmp_path)


def require_calculated(run, folder):
    counts = list(run.counts(folder))

    assert len(counts) == len(run.cases) > 0
    assert [count for count in counts if not count.agrees] == []
