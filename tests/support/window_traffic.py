"""Steps with accumulated gradients across workers, of which the bytes are counted."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

import optiplug
from support.traffic import bytes_per_step

__all__ = ["CALLS", "counted"]

CALLS = 4
WAYS = ("no accumulation", "every_call", "last_call")


def counted() -> dict[str, float]:
    """Return the bytes that all workers send in a step of so many calls, for each way to sum gradients."""
    strategy = tf.distribute.MultiWorkerMirroredStrategy()

    def meet() -> Any:
        return tf.distribute.get_replica_context().all_reduce("SUM", tf.ones([]))

    meeting = tf.function(lambda: strategy.run(meet), autograph=False)
    return {
        way: bytes_per_step(_step(strategy, way), barrier=lambda: float(meeting()), before=2, counted=3)
        for way in WAYS
    }


def _step(strategy: tf.distribute.Strategy, way: str) -> Any:
    hooks = [] if way == WAYS[0] else [{"use": "accumulate", "steps": CALLS, "sum_over_replicas": way}]
    with strategy.scope():
        # Two of them small, and so joined.
        shapes = {"one": (500, 1000), "other": (500, 1000), "bias": (64,), "scale": (64,)}
        variables = [tf.Variable(tf.ones(shape), name=name) for name, shape in shapes.items()]
        optimizer = optiplug.create("adam", processors=hooks)
        optimizer.build(variables)

    def replica_step() -> None:
        optimizer.apply_gradients([(2.0 * each, each) for each in variables])

    call = tf.function(lambda: strategy.run(replica_step), autograph=False)

    def step() -> None:
        for _ in range(CALLS if hooks else 1):
            call()

    return step
