"""A worker that ends, or stands still, becomes an error that names it on the others."""

from __future__ import annotations

import signal

import pytest

from support import lost_workers
from support.lost_workers import LOADED, STANDS_STILL
from support.workers import Cluster, until

TARGET = f"{lost_workers.__name__}:{lost_workers.train.__name__}"
TWO = {"worker": 2}


def told_by(cluster, position):
    worker = cluster["worker", position]
    until(lambda: worker.returncode is not None, 90, "the end of the survivor")
    assert worker.result is not None, worker.stderr
    return worker.result


@pytest.mark.slow
@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
@pytest.mark.parametrize("position", [0, 1], ids=["chief", "worker"])
def test_a_worker_that_ends_is_told(position, number, graph, tmp_path):
    with Cluster(TARGET, TWO, tmp_path, {"graph": graph}) as cluster:
        until(lambda: cluster["worker", 0].stdout.count("\n") > 2, 90, "the third step")
        cluster["worker", position].send(number)
        told = told_by(cluster, 1 - position)
    assert told["class"] == "LostWorkerError"
    assert [name.split(" (")[0] for name in told["workers"]] == [f"worker {position}"]
    assert told["seconds"] < 30
    assert "start all workers again" in told["text"]


@pytest.mark.slow
@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_a_worker_that_takes_no_more_steps_is_named(graph, tmp_path):
    environment = {"OPTIPLUG_WORKER_TIMEOUT": "4"}
    with Cluster(TARGET, TWO, tmp_path, {"graph": graph, "still": True}, environment) as cluster:
        told = told_by(cluster, 0)
    assert told["class"] == "LostWorkerError"
    assert [name.split(" (")[0] for name in told["workers"]] == ["worker 1"]
    assert "no part was taken by worker 1" in told["text"]
    assert told["iterations"] == STANDS_STILL
    assert told["seconds"] < 30


@pytest.mark.slow
@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_state_that_one_loads_between_steps_stops_it(graph, tmp_path):
    environment = {"OPTIPLUG_WORKER_TIMEOUT": "4"}
    with Cluster(TARGET, TWO, tmp_path, {"graph": graph, "loads": True}, environment) as cluster:
        told = told_by(cluster, 0)
    assert told["class"] == "LostWorkerError"
    assert [name.split(" (")[0] for name in told["workers"]] == ["worker 1"]
    # Before the step, which the other one would take from other state.
    assert told["iterations"] == LOADED
    assert told["seconds"] < 30


@pytest.mark.slow
def test_state_that_one_worker_creates_alone_ends_too(tmp_path):
    environment = {"OPTIPLUG_WORKER_TIMEOUT": "3"}
    target = f"{lost_workers.__name__}:{lost_workers.create.__name__}"
    with Cluster(target, TWO, tmp_path, {"alone": 1}, environment) as cluster:
        told = told_by(cluster, 1)
    assert told["class"] == "LostWorkerError"
    assert [name.split(" (")[0] for name in told["workers"]] == ["worker 0"]
    assert told["seconds"] < 30


@pytest.mark.slow
def test_a_wait_has_no_limit_where_that_is_asked_for(tmp_path):
    environment = {"OPTIPLUG_WORKER_TIMEOUT": "0"}
    arguments = {"graph": False, "still": True}
    with Cluster(TARGET, TWO, tmp_path, arguments, environment) as cluster:
        until(lambda: cluster["worker", 0].stdout.count("\n") == STANDS_STILL, 90, "the third step")
        assert cluster.end(12) == ["worker-0", "worker-1"]
        assert "in watched" in cluster["worker", 0].stderr  # where it was when it was ended
