from __future__ import annotations

import pytest
import tensorflow as tf

from optiplug.errors import LostWorkerError
from optiplug_lab.cluster import Cluster
from optiplug_lab.devices import device_names, join_workers
from optiplug_lab.local_workers import free_addresses


@pytest.mark.parametrize(
    ("gpus", "devices", "names"),
    [
        (0, 1, ["CPU:0"]),
        (0, 2, ["CPU:0", "CPU:1"]),
        (1, 1, ["GPU:0"]),
        (1, 2, ["CPU:0", "CPU:1"]),
        (2, 2, ["GPU:0", "GPU:1"]),
        (3, 2, ["GPU:0", "GPU:1"]),
    ],
)
def test_gpus_are_used_where_there_are_as_many(monkeypatch, gpus, devices, names):
    listed, grown = tf.config.list_physical_devices, []
    monkeypatch.setattr(
        tf.config,
        "list_physical_devices",
        lambda kind: list(range(gpus)) if kind == "GPU" else listed(kind),
    )
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, _: grown.append(gpu))

    assert device_names(devices) == names
    assert grown == (list(range(gpus)) if names[0] == "GPU:0" else [])


def test_a_worker_that_does_not_come_up_is_named(monkeypatch):
    monkeypatch.setenv("OPTIPLUG_WORKER_TIMEOUT", "0.2")
    with pytest.raises(LostWorkerError, match=r"worker 1 \(127.* did not come up within 0.2 s"):
        join_workers(Cluster(free_addresses(2), 0))
