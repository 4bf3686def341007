"""Steps of models across processes, of which the bytes are counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

import optiplug
from support.traffic import bytes_per_step

__all__ = ["CONFIGS", "MODELS", "Case", "multi_worker", "parameter_server", "variables_of"]

Shapes = Mapping[str, Sequence[int]]
Case = Sequence[str]

CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "adam": {"use": "adam"},
    "adam, sharded state": {"use": "adam", "sharded_state": True},
    "adam, global clip, sharded state": {"use": "adam", "global_clipnorm": 1.0, "sharded_state": True},
}
# A few large matrices, many small vectors, and a table of which a batch has 256 rows.
DENSE = {f"layer_{number}/kernel": (500, 1000) for number in range(4)}
SMALL = {f"layer_{number}/bias": (64,) for number in range(200)} | {"head/kernel": (1000, 64)}
TABLE = {"table": (100_000, 64), "head/kernel": (1000, 64)}
MODELS: Mapping[str, tuple[Shapes, Mapping[str, int]]] = {
    "4 matrices, 8 MB": (DENSE, {}),
    "200 vectors, 0.3 MB": (SMALL, {}),
    "256 rows of 25.6 MB": (TABLE, {"table": 256}),
}


def multi_worker(cases: Sequence[Case]) -> list[float]:
    """Return the bytes that all workers send in a step of each config and model; every one calls it."""
    strategy = tf.distribute.MultiWorkerMirroredStrategy()

    def meet() -> Any:
        return tf.distribute.get_replica_context().all_reduce("SUM", tf.ones([]))

    meeting = tf.function(lambda: strategy.run(meet), autograph=False)
    counted = []
    for config, model in cases:
        replica_step = _stepping(strategy, config, model)
        step = tf.function(lambda run=replica_step: strategy.run(run), autograph=False)
        counted.append(bytes_per_step(step, barrier=lambda: float(meeting())))
    return counted


def parameter_server(cases: Sequence[Case]) -> list[float]:
    """Return the bytes that all processes send while every worker takes a step; the chief calls it."""
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    strategy = tf.distribute.ParameterServerStrategy(resolver)
    workers = len(resolver.cluster_spec().job_tasks("worker"))
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
    counted = []
    for config, model in cases:
        replica_step = _stepping(strategy, config, model)
        worker_step = tf.function(lambda run=replica_step: strategy.run(run), autograph=False)

        def step(run: Any = worker_step) -> None:
            for _ in range(workers):
                coordinator.schedule(run)

        counted.append(bytes_per_step(step, barrier=coordinator.join))
    return counted


def _stepping(strategy: tf.distribute.Strategy, config: str, model: str) -> Callable[[], None]:
    """Return what a replica does in a step of a model."""
    shapes, rows = MODELS[model]
    with strategy.scope():
        variables, optimizer = variables_of(shapes), optiplug.from_config(dict(CONFIGS[config]))
        optimizer.build(variables)

    def step() -> None:
        optimizer.apply_gradients(zip(_gradients(variables, rows), variables, strict=True))

    return step


def variables_of(shapes: Shapes) -> list[tf.Variable]:
    """Return variables of these names."""
    return [tf.Variable(tf.ones(shape), name=name) for name, shape in shapes.items()]


def _gradients(variables: Sequence[tf.Variable], rows: Mapping[str, int]) -> list[Any]:
    """Return a gradient of each variable that is computed from it: of tables some rows, else the whole."""
    with tf.GradientTape() as tape:
        read = [
            tf.gather(each, tf.range(rows[name], dtype=tf.int64))
            if (name := each.name.partition(":")[0]) in rows
            else each
            for each in variables
        ]
        losses = [tf.reduce_sum(each**2) for each in read]
    gradients: list[Any] = tape.gradient(losses, variables)
    return gradients
