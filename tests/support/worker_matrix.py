"""One problem in double precision, trained by one process or by the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug

CALLS, BATCH, ROWS = 12, 8, 32
SHAPES: dict[str, tuple[int, ...]] = {"kernel": (4, 6), "bias": (6,), "scale": (), "table": (ROWS, 6)}
LATE = "late"
BROKEN = (3, 6, 7)  # calls in which one worker has a NaN
ADAMW: dict[str, Any] = {"use": "adamw", "learning_rate": 0.02, "weight_decay": 0.01}
CONFIGS: dict[str, dict[str, Any]] = {
    "sgdm": {"use": "sgd", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
    "full": {
        **ADAMW,
        "global_clipnorm": 0.5,
        "use_ema": True,
        "ema_momentum": 0.9,
        "processors": [
            {"use": "loss_scale", "initial_scale": 8.0},
            {"use": "skip_non_finite"},
            {"use": "accumulate", "steps": 2},
        ],
    },
    "partition": {
        "use": "partition",
        "groups": [
            {"name": "matrices", "only": ["kernel"], "optimizer": {"use": "muon", "learning_rate": 0.02}},
            {"name": "rest", "optimizer": ADAMW},
        ],
    },
    "sparse": {"use": "adam", "learning_rate": 0.02},
    "lazy": {"use": "adam", "learning_rate": 0.02, "sparse": "lazy"},
    "late": {"use": "adam", "learning_rate": 0.02},
    "schedule": {
        "use": "sgd",
        "momentum": 0.9,
        "learning_rate": {
            "use": "cosine",
            "initial_learning_rate": 0.0,
            "warmup_target": 0.1,
            "warmup_steps": 3,
            "decay_steps": 9,
        },
    },
}

WINDOW = {"use": "accumulate", "steps": 2, "sum_over_replicas": "last_call"}
WINDOWS: dict[str, dict[str, Any]] = {
    "gated": {**CONFIGS["full"], "processors": [WINDOW, *CONFIGS["full"]["processors"][:2]]},
    "plain": {**ADAMW, "use_ema": True, "processors": [WINDOW]},
}


def every_call(config: dict[str, Any]) -> dict[str, Any]:
    """Return the same config, with sums over replicas in every call."""
    window = WINDOW | {"sum_over_replicas": "every_call"}
    return {**config, "processors": [window if each is WINDOW else each for each in config["processors"]]}


@cache
def workers() -> Any:
    """Return the strategy of this process, which there can be once."""
    return tf.distribute.MultiWorkerMirroredStrategy()


def alone() -> Any:
    """Return the strategy of a process that is no worker."""
    return tf.distribute.get_strategy()


def place(strategy: Any) -> tuple[int, int]:
    """Return the position of this worker and the number of all."""
    resolver = strategy.cluster_resolver
    return (0, 1) if resolver is None else (resolver.task_id, strategy.num_replicas_in_sync)


def batches(*, broken: bool = False) -> Any:
    """Return a batch for each call: four inputs, and a row of the table."""
    generator = np.random.default_rng(1)
    data = generator.normal(size=(CALLS, BATCH, 5))
    data[..., 4] = generator.integers(0, ROWS, size=(CALLS, BATCH))
    if broken:
        data[list(BROKEN), 0, 0] = np.nan
    return data


class Run:
    """The variables of the problem and their optimizer under a strategy."""

    def __init__(self, strategy: Any, config: str | dict[str, Any], dtype: str = "float64") -> None:
        self.strategy, self.dtype = strategy, dtype
        generator = np.random.default_rng(0)
        with strategy.scope():
            self.variables = [
                tf.Variable(generator.normal(size=shape).astype(dtype), name=name)
                for name, shape in SHAPES.items()
            ]
            self.late = tf.Variable(np.ones(6, dtype), name=LATE)
            given = CONFIGS[config] if isinstance(config, str) else config
            self.optimizer = optiplug.from_config(given)
        self.checkpoint = tf.train.Checkpoint(
            optimizer=self.optimizer, late=self.late, **dict(zip(SHAPES, self.variables, strict=True))
        )

    def loss(self, x: Any, late: bool) -> Any:
        """Return what a part of a batch contributes to the loss of the whole."""
        kernel, bias, scale, table = self.variables
        rows = tf.gather(table, tf.cast(x[:, 4], tf.int32))
        residual = tf.matmul(x[:, :4], kernel) * scale + bias + rows - 1.0
        residual = residual * self.late if late else residual
        return tf.reduce_sum(residual**2) / (6 * BATCH)

    def step(self, x: Any, late: bool = False) -> None:
        variables = [*self.variables, self.late] if late else self.variables
        self.optimizer.minimize(lambda: self.loss(x, late), variables)

    def train(self, data: Any, mode: str = "graph", *, late: bool = False) -> Run:
        """Take a step on each batch, of which each worker has its part."""
        data = data.astype(self.dtype)
        position, count = place(self.strategy)
        parts = [np.split(batch, count)[position] for batch in data]
        MODES[mode](self, data, parts, late)
        return self

    def values(self) -> dict[str, Any]:
        """Return model and state by name, and what the averages would make of the model."""
        known = dict(zip([*SHAPES, LATE], [*self.variables, self.late], strict=True))
        states = self.optimizer.state.states
        found = {name: each.numpy().tolist() for name, each in (known | states).items()}
        self.optimizer.finalize_variable_values(self.variables)
        return found | {f"final {name}": each.numpy().tolist() for name, each in known.items()}


def _eager(run: Run, data: Any, parts: Sequence[Any], late: bool) -> None:
    for part in parts:
        run.strategy.run(run.step, args=(tf.constant(part), late))


def _graph(run: Run, data: Any, parts: Sequence[Any], late: bool) -> None:
    step = tf.function(lambda x: run.strategy.run(run.step, args=(x, late)))
    for part in parts:
        step(tf.constant(part))


def _dataset(run: Run, data: Any, parts: Sequence[Any], late: bool) -> None:
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    rows = tf.data.Dataset.from_tensor_slices(data.reshape(-1, data.shape[-1])).batch(data.shape[1])
    step = tf.function(lambda x: run.strategy.run(run.step, args=(x, late)))
    for batch in run.strategy.experimental_distribute_dataset(rows.with_options(options)):
        step(batch)


def _loop(run: Run, data: Any, parts: Sequence[Any], late: bool) -> None:
    whole = tf.constant(np.stack(parts))

    @tf.function
    def train() -> None:
        for call in tf.range(len(parts)):
            run.strategy.run(run.step, args=(whole[call], late))

    train()


MODES: dict[str, Callable[[Run, Any, Sequence[Any], bool], None]] = {
    "eager": _eager,
    "graph": _graph,
    "dataset": _dataset,
    "loop": _loop,
}


def train(
    strategy: Any, config: str, mode: str, dtype: str = "float64", run: type[Run] = Run
) -> dict[str, Any]:
    """Return what training makes of the problem."""
    trained = run(strategy, config, dtype)
    data = batches(broken=config == "full")
    if config != LATE:
        return trained.train(data, mode).values()
    trained.train(data[: CALLS // 2], mode)
    return trained.train(data[CALLS // 2 :], mode, late=True).values()


def assert_close(values: dict[str, Any], expected: dict[str, Any], tolerance: float = 1e-12) -> None:
    assert values.keys() == expected.keys()
    for name, value in values.items():
        np.testing.assert_allclose(value, expected[name], rtol=tolerance, atol=tolerance, err_msg=name)
