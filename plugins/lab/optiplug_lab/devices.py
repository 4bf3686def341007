"""The devices of a run."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import tensorflow as tf

from optiplug import ConfigError, wait_for_workers, worker_errors

from .cluster import Cluster
from .interruption import handlers_kept

__all__ = ["device_names", "devices_of_all", "join_workers", "make_strategy"]


def make_strategy(names: Sequence[str]) -> tf.distribute.Strategy:
    """Return the default strategy for one device, else a mirrored one."""
    if len(names) == 1:
        return tf.distribute.get_strategy()
    # The devices of a CPU share their memory. Collectives, the default, would gain nothing, and TensorFlow
    # numbers them anew for each strategy, so a second one in a process would meet the buffers of the first.
    reduction = tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy(names, cross_device_ops=reduction)


def device_names(devices: int) -> list[str]:
    """Return the names of so many devices: GPUs, if there are as many, else logical devices of the CPU.

    Raises
    ------
    ConfigError
        If TensorFlow has fixed its devices already, and there are too few.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if len(gpus) >= devices:
        for gpu in gpus:
            with contextlib.suppress(RuntimeError, ValueError):  # if TensorFlow has run already
                # By default a process takes the whole memory of every GPU, and the next one finds none.
                tf.config.experimental.set_memory_growth(gpu, True)
        return [f"GPU:{number}" for number in range(devices)]
    if devices == 1:
        return ["CPU:0"]
    cpu = tf.config.list_physical_devices("CPU")[0]
    if tf.config.get_logical_device_configuration(cpu) is None:
        with contextlib.suppress(RuntimeError):  # if TensorFlow has run already; the count below decides
            tf.config.set_logical_device_configuration(
                cpu, [tf.config.LogicalDeviceConfiguration()] * devices
            )
    found = len(tf.config.list_logical_devices("CPU"))
    if found < devices:
        raise ConfigError(
            f"there are {found} logical CPU devices",
            where="strategy.mirrored",
            received=devices,
            hint="train in a fresh process: TensorFlow fixes its devices when it first runs",
        )
    return [f"CPU:{number}" for number in range(devices)]


def join_workers(cluster: Cluster) -> tf.distribute.Strategy:
    """Return the strategy of all workers of a cluster, when all of them are there."""
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    # Not from TF_CONFIG: TensorFlow ends the process for a job without tasks, which some launchers list.
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.addresses)}),
        task_type="worker",
        task_id=cluster.index,
        num_accelerators={"GPU": len(gpus)},
        rpc_layer="grpc",
    )
    # TensorFlow takes SIGTERM for itself, and would not end for it.
    wait_for_workers(resolver)
    with handlers_kept(), worker_errors():
        return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)


def devices_of_all(strategy: tf.distribute.Strategy, workers: int) -> list[str]:
    """Return the names of the devices of all workers, each of which has as many as this one."""
    own = [name.rpartition("device:")[2] for name in strategy.extended.worker_devices]
    return [f"worker {index}: {name}" for index in range(workers) for name in own]
