"""What the chief of a cluster with parameter servers does: it trains there, and again alone, and compares."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug
from support.sharded_models import values

SHAPES = {"table": (40, 3), "kernel": (3, 5), "bias": (5,), "scale": ()}
STEPS, WORKERS, TURNS, CONCURRENT = 6, 3, 10, 150
CONFIGS: dict[str, dict[str, Any]] = {
    "adam": {"use": "adam"},
    "adagrad": {"use": "adagrad"},
    "ftrl": {"use": "ftrl"},
    "nesterov": {"use": "sgd", "momentum": 0.9, "nesterov": True},
    "chain": {"use": "adamw", "global_clipnorm": 1.0, "weight_decay": 0.1, "use_ema": True},
    "gates": {"use": "adam", "processors": ["skip_non_finite", {"use": "accumulate", "steps": 2}]},
    "lazy": {"use": "adam", "sparse": "lazy"},
    "rows": {"use": "adam", "global_clipnorm": 1.0},
}
SPARSE = {"lazy", "rows"}


@cache
def cluster() -> tuple[tf.distribute.ParameterServerStrategy, Any]:
    """Return the strategy and the coordinator of this process; it can have only one of each."""
    strategy = tf.distribute.ParameterServerStrategy(
        tf.distribute.cluster_resolver.TFConfigClusterResolver(), variable_partitioner=two_shards
    )
    return strategy, tf.distribute.coordinator.ClusterCoordinator(strategy)


def two_shards(shape: Any, dtype: Any) -> list[int]:
    """Split what is called a table in `sharded`, by its number of rows, and nothing else."""
    return [2 if shape.rank and shape[0] == 41 else 1, *[1] * (shape.rank - 1)]


def given(name: str) -> list[dict[str, np.ndarray]]:
    random = np.random.default_rng(1)
    steps = [{key: random.normal(size=shape) for key, shape in SHAPES.items()} for _ in range(STEPS)]
    for step in steps:
        step["rows"] = random.integers(0, SHAPES["table"][0], size=7)
    if name == "gates":
        steps[2]["bias"][1] = np.nan
    return steps


def pairs(name: str, step: Any, model: Any) -> list[Any]:
    found = []
    for key, variable in model.items():
        gradient = step[key]
        if key == "table" and name in SPARSE:
            rows = step["rows"]
            gradient = tf.IndexedSlices(tf.gather(gradient, rows), rows, tf.constant(SHAPES[key], rows.dtype))
        found.append((gradient, variable))
    return found


def start() -> dict[str, tf.Variable]:
    random = np.random.default_rng(0)
    return {key: tf.Variable(random.normal(size=shape), name=key) for key, shape in SHAPES.items()}


def state(optimizer: Any, model: Any) -> dict[str, np.ndarray]:
    store: dict[str, Any] = {}
    optimizer.save_own_variables(store)
    return store | {f"model/{key}": values(variable) for key, variable in model.items()}


def alone(name: str) -> dict[str, np.ndarray]:
    cluster()  # what is created before it is there would be lost
    model, optimizer = start(), optiplug.from_config({"jit_compile": False, **CONFIGS[name]})
    for step in given(name):
        optimizer.apply_gradients(
            pairs(name, {key: tf.constant(value) for key, value in step.items()}, model)
        )
    return state(optimizer, model)


def served(name: str) -> dict[str, np.ndarray]:
    strategy, coordinator = cluster()
    with strategy.scope():
        model, optimizer = start(), optiplug.from_config({"jit_compile": False, **CONFIGS[name]})

    @tf.function
    def train_step(step: Any) -> None:
        def run() -> None:
            optimizer.apply_gradients(pairs(name, step, model))

        strategy.run(run)

    for step in given(name):
        coordinator.schedule(train_step, args=({key: tf.constant(value) for key, value in step.items()},))
        coordinator.join()  # one worker at a time
    places = {each.device for each in optimizer.state.created.values()}
    assert len(places) > 1, places
    for key, variable in model.items():
        for slot in (each for each in optimizer.state.states if each.endswith(f"/{key}")):
            assert optimizer.state.states[slot].variable.device == variable.device, slot
    return state(optimizer, model)


def difference(name: str) -> float:
    one, other = alone(name), served(name)
    assert one.keys() == other.keys(), one.keys() ^ other.keys()
    return max(float(np.abs(np.float64(one[key]) - np.float64(other[key])).max()) for key in one)


def equal() -> dict[str, float]:
    """Return the largest difference of each config between servers and one process."""
    return {name: difference(name) for name in CONFIGS}


def arrived(**config: Any) -> tuple[float, float, float, int]:
    """Return what concurrent steps of 1 came to: least and most of a matrix, a scalar, and the counter."""
    strategy, coordinator = cluster()
    with strategy.scope():
        matrix, scalar = tf.Variable(tf.zeros([64, 8])), tf.Variable(0.0)
        optimizer = optiplug.from_config({"use": "sgd", "learning_rate": 1.0, "jit_compile": False, **config})
        optimizer.build([matrix, scalar])

    def step() -> None:
        optimizer.apply_gradients([(-tf.ones([64, 8]), matrix), (tf.constant(-1.0), scalar)])

    train_step = tf.function(lambda: strategy.run(step))
    for _ in range(CONCURRENT):
        coordinator.schedule(train_step)
    coordinator.join()
    value = matrix.numpy()
    return float(value.min()), float(value.max()), float(scalar.numpy()), int(optimizer.iterations.numpy())


def concurrent() -> dict[str, Any]:
    chain = {"global_clipnorm": 1e9, "use_ema": True}
    return {
        "sgd": [arrived() for _ in range(TURNS)],
        "chain": [arrived(**chain) for _ in range(TURNS)],
    }


def told() -> list[str]:
    """Return what is said of a step that XLA cannot compile, over two builds."""
    strategy, _ = cluster()
    with strategy.scope(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        one, other = tf.Variable(1.0, name="one"), tf.Variable(1.0, name="other")
        optimizer = optiplug.create("adam", jit_compile=True)
        optimizer.build([one])
        optimizer.build([one, other])
        optiplug.create("adam", jit_compile=False).build([one])
        optiplug.create("adam", jit_compile="auto").build([one])
    return [str(each.message) for each in caught]
