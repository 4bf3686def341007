"""What the chief of a cluster with parameter servers does with tables in shards, checkpoints and Keras."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras

import optiplug
from optiplug.checkpoint import Checkpoints
from support.server_scenarios import cluster, state
from support.traffic import bytes_per_step

TABLE, STEPS = (41, 3), 4  # `two_shards` splits what has so many rows
CHAIN = {"use": "adam", "global_clipnorm": 0.5, "use_ema": True, "jit_compile": False}


def model() -> dict[str, Any]:
    random = np.random.default_rng(0)
    shapes = {"table": TABLE, "bias": (3,)}
    return {name: tf.Variable(random.normal(size=shape), name=name) for name, shape in shapes.items()}


def gradients() -> list[tuple[Any, Any, Any]]:
    random = np.random.default_rng(1)
    found = []
    for _ in range(STEPS):
        table, rows = (
            tf.constant(random.normal(size=TABLE)),
            tf.constant(random.integers(0, TABLE[0], size=7)),
        )
        found.append((table, rows, tf.constant(random.normal(size=3))))
    return found


def pairs(trained: Any, table: Any, rows: Any, bias: Any, sparse: bool) -> list[Any]:
    if sparse:
        table = tf.IndexedSlices(tf.gather(table, rows), rows, tf.constant(TABLE, rows.dtype))
    return [(table, trained["table"]), (bias, trained["bias"])]


def alone(sparse: bool, config: Any) -> tuple[Any, Any]:
    cluster()  # what is created before it is there would be lost
    trained, optimizer = model(), optiplug.from_config(config)
    for each in gradients():
        optimizer.apply_gradients(pairs(trained, *each, sparse))
    return trained, optimizer


def served(sparse: bool, config: Any) -> tuple[Any, Any]:
    strategy, coordinator = cluster()
    with strategy.scope():
        trained, optimizer = model(), optiplug.from_config(config)

    @tf.function
    def train_step(table: Any, rows: Any, bias: Any) -> None:
        def run() -> None:
            optimizer.apply_gradients(pairs(trained, table, rows, bias, sparse))

        strategy.run(run)

    for each in gradients():
        coordinator.schedule(train_step, args=each)
        coordinator.join()  # one worker at a time
    assert len({shard.device for shard in trained["table"].variables}) == 2
    return trained, optimizer


def difference(one: Any, other: Any) -> float:
    one, other = state(one[1], one[0]), state(other[1], other[0])
    assert one.keys() == other.keys(), one.keys() ^ other.keys()
    return max(float(np.abs(np.float64(one[key]) - np.float64(other[key])).max()) for key in one)


def split() -> dict[str, float]:
    """Return how far a table of two shards, given whole, is from one in one place."""
    kinds = {
        "dense": (False, CHAIN),
        "exact": (True, CHAIN),
        "lazy": (True, {"use": "adam", "sparse": "lazy"}),
    }
    return {name: difference(alone(*kind), served(*kind)) for name, kind in kinds.items()}


def refused() -> list[str]:
    """Return why a matrix must be whole, and why servers keep all of a state."""
    strategy, _ = cluster()
    with strategy.scope():
        table, large = (
            tf.Variable(tf.zeros(TABLE), name="table"),
            tf.Variable(tf.zeros([300, 100]), name="large"),
        )
    wrong = [("muon", {}, table), ("adam", {"sharded_state": True}, large)]
    found = []
    for name, options, variable in wrong:
        try:
            optiplug.create(name, jit_compile=False, **options).build([variable])
        except (optiplug.BuildError, optiplug.ConfigError) as error:
            found.append(str(error))
    return found


def restored() -> dict[str, float]:
    """Return how far state is from that of before when it went to servers, or came from there."""
    folder, found = tempfile.mkdtemp(), {}
    here, there = alone(True, CHAIN), served(True, CHAIN)
    fresh_here, fresh_there = alone(False, CHAIN), served(False, CHAIN)
    for name, (source, target) in {"out": (here, fresh_there), "back": (there, fresh_here)}.items():
        path = tf.train.Checkpoint(model=source[0], optimizer=source[1]).save(f"{folder}/{name}")
        tf.train.Checkpoint(model=target[0], optimizer=target[1]).restore(path).assert_consumed()
        found[name] = difference(source, target)
    return found


def library() -> float:
    """Return how far a run of the library of checkpoints is from what was saved there."""
    folder, first, again = tempfile.mkdtemp(), served(True, CHAIN), served(False, CHAIN)
    with Checkpoints(folder, {"model": first[0], "optimizer": first[1]}) as saved:
        saved.save(1)
    with Checkpoints(folder, {"model": again[0], "optimizer": again[1]}) as saved:
        assert saved.restore().step == 1
    return difference(first, again)


def of_keras(library: Any) -> float:
    """Return how far the weights of a model of Keras are from those of one process."""
    config = {"use": "adamw", "learning_rate": 0.05, "global_clipnorm": 1.0, "jit_compile": False}
    inputs = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    targets = inputs @ np.float32([[1.0], [-2.0], [0.5]])

    def made() -> tuple[Any, Any]:
        library.utils.set_random_seed(1)
        layers = [library.layers.Input((3,)), library.layers.Dense(4), library.layers.Dense(1)]
        return library.Sequential(layers), optiplug.from_config(config)

    def step(trained: Any, optimizer: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((trained(inputs) - targets) ** 2)
        optimizer.minimize(loss, trained.trainable_variables, tape)

    strategy, coordinator = cluster()
    one = made()
    with strategy.scope():
        other = made()
    train_step = tf.function(lambda: strategy.run(step, args=other))
    for _ in range(STEPS):
        step(*one)
        coordinator.schedule(train_step)
        coordinator.join()
    assert int(other[1].iterations.numpy()) == STEPS
    weights = zip(one[0].get_weights(), other[0].get_weights(), strict=True)
    return max(float(np.abs(here - there).max()) for here, there in weights)


def models() -> dict[str, float]:
    return {"keras": of_keras(keras), "tf_keras": of_keras(tf_keras)}


MATRICES, EMBEDDING = [(256, 256)] * 16, [(100_000, 64)]  # 4.2 MB and 25.6 MB


def sent_by(optimizer: Callable[[], Any], shapes: list[tuple[int, int]]) -> float:
    """Return the bytes of one step, of rows where there is one table, its forward pass included."""
    strategy, coordinator = cluster()
    with strategy.scope():
        trained, used = [tf.Variable(tf.zeros(shape)) for shape in shapes], optimizer()
        used.build(trained)

    def gradient(variable: Any) -> Any:
        if len(shapes) > 1:
            return variable * 0.1 + 1.0
        rows = tf.random.uniform([256], 0, variable.shape[0], tf.int32)
        return tf.IndexedSlices(tf.gather(variable, rows) + 1.0, rows, tf.constant(list(variable.shape)))

    def step() -> None:
        used.apply_gradients([(gradient(each), each) for each in trained])

    train_step = tf.function(lambda: strategy.run(step))
    return bytes_per_step(lambda: coordinator.schedule(train_step), coordinator.join)


def traffic() -> dict[str, float]:
    """Return the bytes of a step of several optimizers, for matrices and for rows of a table."""
    chain = {"global_clipnorm": 1.0, "use_ema": True, "processors": ["skip_non_finite"]}
    made: dict[str, Callable[[], Any]] = {
        "adam": lambda: optiplug.create("adam", jit_compile=False),
        "chain": lambda: optiplug.create("adamw", jit_compile=False, **chain),
        "tf_keras": lambda: tf_keras.optimizers.Adam(jit_compile=False),
    }
    found = {f"{name} of matrices": sent_by(each, MATRICES) for name, each in made.items()}
    return found | {f"{name} of rows": sent_by(each, EMBEDDING) for name, each in made.items()}
