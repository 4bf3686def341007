"""Workers that wait until all of them are there."""

import socket
import threading

import pytest
import tensorflow as tf

import optiplug
from optiplug._distribution.arrival import wait_for_workers
from optiplug._distribution.workers import VARIABLE
from optiplug.errors import LostWorkerError
from support.workers import free_ports


def resolvers(count, jobs=("worker",)):
    addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
    tasks = {"chief": addresses[:1], "worker": addresses[1:]} if "chief" in jobs else {"worker": addresses}
    spec = tf.train.ClusterSpec(tasks)
    return [
        tf.distribute.cluster_resolver.SimpleClusterResolver(spec, task_type=job, task_id=index)
        for job, members in tasks.items()
        for index, _ in enumerate(members)
    ]


def own_address(resolver):
    address = resolver.cluster_spec().task_address(resolver.task_type, resolver.task_id)
    host, _, port = address.rpartition(":")
    return host, int(port)


@pytest.mark.parametrize("jobs", [("worker",), ("chief", "worker")], ids=str)
def test_all_go_on_when_all_are_there(jobs):
    members, done = resolvers(3, jobs), threading.Event()

    def work(resolver):
        wait_for_workers(resolver)
        # As TensorFlow, which serves from then on.
        with socket.create_server(own_address(resolver)):
            arrived.release()
            done.wait(60)

    arrived = threading.Semaphore(0)
    working = [threading.Thread(target=work, args=(each,), daemon=True) for each in members]
    for each in working[:2]:
        each.start()
    assert not arrived.acquire(timeout=0.5)
    working[2].start()
    assert all(arrived.acquire(timeout=30) for _ in members)
    done.set()
    for each in working:
        each.join(30)


def test_who_does_not_come_up_is_named(monkeypatch):
    monkeypatch.setenv(VARIABLE, "0.3")
    first, second, _ = resolvers(3)
    with (
        socket.create_server(own_address(second)),
        pytest.raises(LostWorkerError, match=r"worker 2 \(127.* did not come up within 0.3 s") as told,
    ):
        wait_for_workers(first)
    assert [name.partition(" (")[0] for name in told.value.workers] == ["worker 2"]
    assert VARIABLE in str(told.value)
    # Its address is free for TensorFlow, and for another try.
    socket.create_server(own_address(first)).close()


def test_an_address_that_is_taken_is_told():
    first, _ = resolvers(2)
    with (
        socket.create_server(own_address(first)),
        pytest.raises(optiplug.ConfigError, match="another process has the address of this worker"),
    ):
        wait_for_workers(first)


def test_a_process_without_others_does_not_wait(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    wait_for_workers()
    wait_for_workers(*resolvers(1))
    spec = tf.train.ClusterSpec({"worker": ["127.0.0.1:1"], "evaluator": ["127.0.0.1:2"]})
    wait_for_workers(
        tf.distribute.cluster_resolver.SimpleClusterResolver(spec, task_type="evaluator", task_id=0)
    )
