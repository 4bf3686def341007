"""Workers under the handler of TensorFlow for preemption save together, and go on as if nothing had been."""

from __future__ import annotations

import pytest

from support import preempted_workers, worker_matrix
from support.preempted_workers import CALL, PREEMPTED
from support.worker_matrix import CALLS, alone, assert_close
from support.workers import Cluster

TARGET = f"{preempted_workers.__name__}:{preempted_workers.train.__name__}"


@pytest.mark.slow
def test_preempted_workers_go_on(tmp_path):
    with Cluster(TARGET, {"worker": 2}, tmp_path, {"preempt": True}) as cluster:
        assert cluster.end(120) == []
        codes = [worker.returncode for worker in cluster.workers.values()]
        assert codes == [PREEMPTED] * 2, cluster["worker", 0].stderr[-3000:]
    with Cluster(TARGET, {"worker": 2}, tmp_path, {"preempt": False}) as cluster:
        first, second = cluster.wait(120)
    assert first == second
    assert CALL <= first["first"] < CALLS
    assert_close(first["values"], worker_matrix.train(alone(), "full", "graph"))
