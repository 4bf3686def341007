"""Clusters of the tests: each task is a process, and none is left when a test ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support import workers
from support.worker_examples import fail, sleep, steps_on_servers, sum_of_workers, task

HERE = task.__module__


def named(function):
    return f"{HERE}:{function.__name__}"


def gone(number: int) -> bool:
    path = Path(f"/proc/{number}/stat")
    return not path.exists() or path.read_text().rpartition(")")[2].split()[0] == "Z"


def test_each_task_knows_itself(tmp_path):
    assert workers.run(named(task), {"worker": 2}, tmp_path, 30, number=7) == [
        [{"type": "worker", "index": 0}, {"number": 7}],
        [{"type": "worker", "index": 1}, {"number": 7}],
    ]


def test_a_process_alone_has_no_cluster(tmp_path):
    assert workers.run(named(task), workers.ALONE, tmp_path, 30) == [[None, {}]]


@pytest.mark.slow
def test_workers_reduce(tmp_path):
    assert workers.run(named(sum_of_workers), {"worker": 2}, tmp_path, 60) == [3.0, 3.0]


@pytest.mark.slow
def test_servers_serve_until_the_chief_ends(tmp_path):
    tasks = {"chief": 1, "ps": 1, "worker": 1}
    with workers.Cluster(named(steps_on_servers), tasks, tmp_path, {"steps": 5}) as cluster:
        assert cluster.wait(60) == [5.0]
        server = cluster["ps", 0]
        assert server.returncode is None
    assert server.returncode == -signal.SIGKILL


def test_a_late_process_tells_where_it_is_and_ends(tmp_path):
    with workers.Cluster(named(sleep), {"worker": 2}, tmp_path) as cluster:
        first = cluster["worker", 0]
        workers.until(lambda: first.stdout, 30, "the child")
        with pytest.raises(AssertionError, match=r"(?s)late: \['worker-0', 'worker-1'\].*in sleep"):
            cluster.wait(0.1)
    workers.until(lambda: gone(int(first.stdout)), 30, "the end of the child")


def test_a_failed_process_fails_the_test(tmp_path):
    with pytest.raises(AssertionError, match="ValueError: as it must"):
        workers.run(named(fail), {"worker": 1}, tmp_path, 30)


def test_a_task_is_started_again(tmp_path):
    with workers.Cluster(named(sleep), {"worker": 1}, tmp_path) as cluster:
        first = cluster["worker", 0]
        workers.until(lambda: first.stdout, 30, "the child")
        first.send(signal.SIGKILL)
        workers.until(lambda: first.returncode is not None, 30, "the end")
        again = cluster.start("worker", 0)
        assert again.process.pid != first.process.pid
        assert again.returncode is None


def test_tests_that_are_killed_leave_no_process(tmp_path):
    # A parent that starts a process of a cluster, and is killed.
    code = (
        "import pathlib, time; from support import workers\n"
        f"cluster = workers.Cluster({named(sleep)!r}, workers.ALONE, pathlib.Path({str(tmp_path)!r}))\n"
        "with cluster: print(cluster['alone', 0].process.pid, flush=True); time.sleep(600)"
    )
    path = os.pathsep.join(filter(None, sys.path))
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )
    started = int(parent.stdout.readline())
    workers.until((tmp_path / "alone-0.out").read_text, 30, "the child")
    parent.kill()
    parent.wait()
    parent.stdout.close()
    workers.until(lambda: gone(started), 30, "the end of the process")


def test_functions_run_in_turn():
    assert workers.in_turn([named(task), named(fail)])["task"] == {"value": [None, {}]}
    assert "as it must" in workers.in_turn([named(fail)])["fail"]["error"]


def test_ports_are_free_and_different():
    ports = workers.free_ports(20)
    assert len(set(ports)) == 20
    assert all(15_000 <= port < 32_000 for port in ports)
