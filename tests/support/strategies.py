"""Real strategies over the logical devices of the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import tensorflow as tf

import optiplug


@cache
def mirrored(replicas: int) -> Any:
    """Return one MirroredStrategy per number of replicas.

    TensorFlow numbers the groups of collectives of each strategy object from the same start, so a
    second one in a process meets the buffers of the first: the one over 2 devices has the
    collectives, all others copy. DTensor numbers its own from there too, so these start elsewhere,
    as they do in TensorFlow's tests.
    """
    tf.distribute.MirroredStrategy._collective_key_base = 100_000
    copying = tf.distribute.HierarchicalCopyAllReduce() if replicas != 2 else None
    return tf.distribute.MirroredStrategy([f"cpu:{index}" for index in range(replicas)], copying)


@cache
def one_device() -> Any:
    """Return a strategy of one device, which is not the default one."""
    return tf.distribute.OneDeviceStrategy("cpu:1")


@cache
def central_storage() -> Any:
    """Return a strategy of two replicas whose variables are in one place."""
    return tf.distribute.experimental.CentralStorageStrategy(["cpu:0", "cpu:1"])


def on_each_replica(
    strategy: Any, replica_step: Callable[[Any], Any], *, graph: bool
) -> Callable[[Sequence[Any]], Any]:
    """Return a step that hands each replica its own entry of a list."""

    def run(values: Any) -> Any:
        return strategy.run(replica_step, args=(values,))

    step = tf.function(run) if graph else run

    def distributed(parts: Sequence[Any]) -> Any:
        if strategy.num_replicas_in_sync == 1:
            return step(tf.nest.map_structure(tf.constant, parts[0]))
        leaves = [tf.nest.flatten(part) for part in parts]
        values = [
            strategy.experimental_distribute_values_from_function(
                lambda context, own=own: tf.constant(own[context.replica_id_in_sync_group])
            )
            for own in zip(*leaves, strict=True)
        ]
        return step(tf.nest.pack_sequence_as(parts[0], values))

    return distributed


def devices(strategy: Any, variables: Sequence[Any], device: int) -> list[Any]:
    """Return the values of variables, or of states, on one device."""
    return [_components(strategy, variable)[device].numpy() for variable in variables]


def _components(strategy: Any, variable: Any) -> Sequence[Any]:
    if isinstance(variable, optiplug.State):
        return variable.components
    components: Sequence[Any] = strategy.experimental_local_results(variable)
    return components


def on_every_device(strategy: Any, variables: Sequence[Any]) -> list[list[Any]]:
    """Return the values of the variables on each device."""
    count = len(strategy.experimental_local_results(variables[0]))
    return [devices(strategy, variables, device) for device in range(count)]
