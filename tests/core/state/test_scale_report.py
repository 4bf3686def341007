"""What a step holds and moves on many devices, from what it holds on one."""

from __future__ import annotations

import json

import pytest
import tensorflow as tf

import optiplug
from support.strategies import mirrored

ELEMENTS = 100 * 200  # of the kernel
BYTES = 4 * (ELEMENTS + 200)


def model():
    kernel = tf.Variable(tf.ones([100, 200]), name="dense/kernel")
    return [kernel, tf.Variable(tf.ones([200]), name="dense/bias")]


def report(use="adam", **hyperparameters):
    return optiplug.create(use, **hyperparameters).state_report(model())


def held(report):
    return {each.what: each.replica for each in report.held}


def moved(report):
    return {each.what: each for each in report.moved}


@pytest.mark.parametrize("strategy", ["one_device", "mirrored", "multi_worker", "mesh"])
def test_each_replica_holds_what_one_device_does(strategy):
    alone = report(use_ema=True)
    scaled = alone.scaled(strategy, replicas=1)

    assert held(scaled) == {
        "variables": BYTES,
        "gradients": BYTES,
        "momentum": BYTES,
        "second_moment": BYTES,
        "ema/average": BYTES,
        "other state": 12,
    }
    assert sum(held(scaled).values()) == alone.total + 2 * BYTES
    assert scaled.moved == ()
    if strategy != "one_device":
        assert alone.scaled(strategy, replicas=64).held == scaled.held


def test_gradients_go_around_a_ring():
    transfer = moved(report().scaled("multi_worker", replicas=4))["gradients, summed"]

    assert (transfer.replica, transfer.link, transfer.rounds) == (1.5 * BYTES, 1.5 * BYTES, 6)
    assert transfer.total == 6 * BYTES


@pytest.mark.parametrize("replicas", [2, 3, 4])
def test_sharded_state_is_a_share_of_large_variables(replicas):
    scaled = report(sharded_state=True).scaled("multi_worker", replicas=replicas)
    share = -(-ELEMENTS // replicas)  # the last one may be padded

    assert held(scaled)["momentum"] == 4 * (share + 200)
    assert held(scaled)["variables"] == BYTES
    assert moved(scaled)["variables, gathered"].total == replicas * (replicas - 1) * 4 * share


SHARES, SUMMED, GATHERED = "shares of gradients, exchanged", "gradients, summed", "variables, gathered"
CLIP = {"use": "clip_by_norm", "max_norm": 1.0}
EXCHANGED = {SHARES: 2 * 4 * ELEMENTS // 2, SUMMED: 2 * 4 * 200}


@pytest.mark.parametrize(
    ("strategy", "replicas", "processors", "expected"),
    [
        ("multi_worker", 2, [], EXCHANGED),
        ("multi_worker", 2, [{"use": "weight_decay", "rate": 0.1}, {"use": "ema"}], EXCHANGED),
        ("multi_worker", 2, [{**CLIP, "only": ["*bias"]}], EXCHANGED),
        ("multi_worker", 2, [{**CLIP, "only": ["*kernel"]}], {SUMMED: 2 * BYTES}),
        ("multi_worker", 2, [{"use": "skip_non_finite"}], {SUMMED: 2 * BYTES}),
        ("multi_worker", 4, [], {SUMMED: 6 * BYTES}),
        ("mirrored", 2, [], {SUMMED: 2 * BYTES}),
    ],
)
def test_two_workers_exchange_what_no_clip_looks_at(strategy, replicas, processors, expected):
    scaled = report(sharded_state=True, processors=processors).scaled(strategy, replicas=replicas)

    assert {what: each.total for what, each in moved(scaled).items() if what != GATHERED} == expected
    told = any("send each other shares" in each for each in scaled.assumptions)
    assert told == (strategy == "multi_worker" and replicas == 2)


def test_state_of_what_sees_whole_variables_is_not_shared():
    chain = [{"use": "accumulate", "steps": 2}, {"use": "ema"}]
    scaled = report(sharded_state=True, processors=chain).scaled("mirrored", replicas=4)
    share = 4 * (ELEMENTS // 4 + 200)

    assert held(scaled)["accumulate/sum"] == BYTES
    assert held(scaled)["ema/average"] == held(scaled)["momentum"] == share


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_sharded_state_is_what_mirrored_devices_hold(replicas):
    strategy = mirrored(replicas)
    with strategy.scope():
        optimizer = optiplug.create("adam", sharded_state=True, use_ema=True)
        built = optimizer.state_report(model())
    scaled = report(sharded_state=True, use_ema=True).scaled("mirrored", replicas=replicas)

    assert sum(each.replica for each in scaled.held) - 2 * BYTES == built.device_total


def test_servers_hold_the_state_and_replicas_do_not():
    scaled = report().scaled("parameter_server", replicas=3, servers=2)
    kernel = 4 * ELEMENTS  # the bias is on the other server

    assert {each.what: (each.replica, each.server) for each in scaled.held} == {
        "variables": (BYTES, kernel),
        "gradients": (BYTES, 0),
        "momentum": (0, kernel),
        "second_moment": (0, kernel),
        "other state": (0, 8),
    }
    for what in ("variables, read", "gradients, sent"):
        transfer = moved(scaled)[what]
        assert (transfer.replica, transfer.link, transfer.total) == (BYTES, 3 * kernel, 3 * BYTES)


@pytest.mark.parametrize("strategy", ["multi_worker", "parameter_server"])
def test_rows_are_moved_and_not_their_table(strategy):
    servers = 1 if strategy == "parameter_server" else 0
    numbers = {"replicas": 4, "servers": servers, "rows": {"dense/kernel": 10}}
    scaled = report("sgd").scaled(strategy, **numbers)
    rows, bias = 10 * (200 * 4 + 8), 200 * 4

    if servers:
        assert moved(scaled)["gradients, sent"].replica == rows + bias
    else:
        assert moved(scaled)["gradients, summed"].replica == 1.5 * bias
        assert moved(scaled)["rows of gradients, gathered"].replica == 3 * rows


def test_seconds_are_those_of_the_busiest_link_and_of_the_rounds():
    scaled = report().scaled("multi_worker", replicas=4)

    assert scaled.seconds(bandwidth=1e6) == pytest.approx(1.5 * BYTES / 1e6)
    assert scaled.seconds(bandwidth=1e6, latency=0.5) == pytest.approx(1.5 * BYTES / 1e6 + 3)
    assert report().scaled("one_device", replicas=1).seconds(bandwidth=1.0) == 0


def test_the_tables_add_up():
    scaled = report("sgd", momentum=0.9, sharded_state=True).scaled("multi_worker", replicas=2)
    title, held, moved, assumptions = str(scaled).split("\n\n")

    assert title == "multi_worker, 2 replicas, sharded state"
    assert [line.split()[-1] for line in held.splitlines()] == [
        "replica", "80,800", "80,800", "40,800", "12", "202,412"
    ]  # fmt: skip
    assert [line.rsplit(maxsplit=4)[1:] for line in moved.splitlines()[1:]] == [
        ["800", "800", "1,600", "2"],
        ["40,000", "40,000", "80,000", "1"],
        ["40,000", "40,000", "80,000", "1"],
        ["80,800", "80,800", "161,600", "4"],
    ]
    assert assumptions.splitlines() == [f"- {each}" for each in scaled.assumptions]


def test_everything_is_in_the_json():
    scaled = report().scaled("parameter_server", replicas=2, servers=1, rows={"dense/kernel": 3})
    told = json.loads(scaled.to_json())

    assert told["cluster"] == {
        "strategy": "parameter_server",
        "replicas": 2,
        "servers": 1,
        "sharded": False,
        "rows": {"dense/kernel": 3},
    }
    assert [each["what"] for each in told["held"]] == [each.what for each in scaled.held]
    assert told["moved"][0]["total"] == scaled.moved[0].total
    assert told["assumptions"] == list(scaled.assumptions)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"strategy": "multi_workr", "replicas": 2}, "did you mean 'multi_worker'"),
        ({"strategy": "horovod", "replicas": 2}, "there are one_device, mirrored"),
        ({"strategy": "multi_worker", "replicas": 0}, "`replicas` must be at least 1"),
        ({"strategy": "one_device", "replicas": 2}, "1 on one device"),
        ({"strategy": "multi_worker", "replicas": 2, "servers": 1}, "`servers` must be"),
        ({"strategy": "parameter_server", "replicas": 2}, "`servers` must be"),
        ({"strategy": "mesh", "replicas": 2, "rows": {"dense/kernel": 3}}, "which a mesh has not"),
        ({"strategy": "mirrored", "replicas": 2, "rows": {"dense/kernl": 3}}, "did you mean 'dense/kernel'"),
        ({"strategy": "mirrored", "replicas": 2, "rows": {"dense/kernel": -3}}, "with counts"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused(arguments, told):
    with pytest.raises(optiplug.ConfigError, match=told):
        report().scaled(**arguments)


@pytest.mark.parametrize("cluster", [("mesh", 0), ("parameter_server", 1)])
def test_sharded_state_is_refused_where_there_is_none(cluster):
    strategy, servers = cluster
    with pytest.raises(optiplug.ConfigError, match="`sharded_state` is for mirrored and multi_worker"):
        report(sharded_state=True).scaled(strategy, replicas=2, servers=servers)
