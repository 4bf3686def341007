"""Runs of `optiplug train` by the workers of a cluster, in float64, each in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug import TaskConfig, register
from optiplug_lab.cluster import Cluster
from optiplug_lab.config import TrainConfig
from optiplug_lab.folder import RunFolder
from optiplug_lab.run import Run

__all__ = ["FULL", "failed", "trained"]

# Every stage of a step: what is held back, dropped, clipped, decayed, drawn and averaged.
FULL = {
    "use": "adamw",
    "learning_rate": {"use": "cosine", "initial_learning_rate": 0.05, "decay_steps": 20},
    "jit_compile": False,
    "processors": [
        "skip_non_finite",
        {"use": "accumulate", "steps": 2},
        {"use": "clip_by_global_norm", "max_norm": 0.5},
        {"use": "add_noise", "eta": 0.01},
        {"use": "ema", "momentum": 0.5},
    ],
}


class RegressionConfig(TaskConfig):
    """A linear map, in float64."""

    implementation = "support.worker_runs:Regression"

    bad_step: int = -1
    """A step of which one example, of the last share of the batch, is not finite."""
    fails_in: int = -1
    """A step of which the loss raises, on worker 1 alone."""


class Regression:
    """A linear map."""

    def __init__(self, config: RegressionConfig) -> None:
        self._bad_step, self._fails_in = config.bad_step, config.fails_in

    def build(self, seed: int) -> None:
        start = tf.random.stateless_normal([5, 3], [seed, 0], dtype=tf.float64)
        self.variables = [
            tf.Variable(start, name="kernel"),
            tf.Variable(tf.zeros([3], tf.float64), name="bias"),
        ]

    def batch(self, step: Any, batch_size: int, seed: int) -> tuple[Any, ...]:
        inputs = tf.random.stateless_normal(
            [batch_size, 5], [seed, tf.cast(step, tf.int32)], dtype=tf.float64
        )
        bad = tf.equal(step, self._bad_step) & tf.equal(tf.range(batch_size), batch_size - 1)
        return (tf.where(bad[:, None], tf.constant(np.nan, tf.float64), self._checked(inputs, step)),)

    def _checked(self, inputs: Any, step: Any) -> Any:
        cluster = Cluster.of_environment()
        if self._fails_in < 0 or cluster is None or cluster.is_chief:
            return inputs
        # As an operation, which runs in the step and not when it is traced.
        fails_in = tf.constant(self._fails_in, tf.int64)
        with tf.control_dependencies([tf.debugging.assert_none_equal(step, fails_in, message="as it must")]):
            return tf.identity(inputs)

    def loss(self, inputs: Any) -> Any:
        kernel, bias = self.variables
        return tf.reduce_mean((inputs @ kernel + bias - inputs[:, 2:]) ** 2)

    def evaluate(self) -> dict[str, float]:
        return {"norm": float(tf.norm(self.variables[0]))}


def begun(run: str, *, resume: bool = False, **changes: Any) -> tuple[Run, list[str]]:
    """Return the run that this worker takes part in, and what was said of it."""
    register(RegressionConfig, "regression")
    cluster = Cluster.of_environment()
    values = {"task": {"use": "regression"}, "optimizer": FULL, "steps": 8, "batch_size": 12}
    strategy = "multi_worker" if cluster else "none"
    config = TrainConfig(**{**values, "checkpoint_every": 2, "strategy": strategy, **changes})
    said: list[str] = []
    folder = RunFolder(Path(run), say=said.append) if cluster is None or cluster.is_chief else None
    return Run(config, folder, cluster=cluster, resume=resume), said


def trained(run: str, **arguments: Any) -> dict[str, Any]:
    """Train, or go on, as the worker that TF_CONFIG says, and return what there is at the end."""
    started, said = begun(run, **arguments)
    first = started.step
    with started:
        summary = started.train()
    trainer = started.trainer
    workers = trainer.workers
    return {
        # More than is exchanged at a time, and cut within a character.
        "heard": [len(each) for each in workers.together(lambda: "é" * 2500 * (workers.index + 1))],
        "first": first,
        "said": said,
        "devices": summary.devices,
        "iterations": int(trainer.optimizer.iterations.numpy()),
        "weights": {name: each.numpy().tolist() for name, each in trainer.variables.items()},
        "state": [each.numpy().tolist() for each in trainer.optimizer.variables],
    }


def failed(run: str, **arguments: Any) -> dict[str, Any]:
    """Train until it fails, and return with what, and what there is then."""
    started, _ = begun(run, **arguments)
    try:
        with started:
            started.train()
    except Exception as error:  # noqa: BLE001  # it is what is asked for
        told = [type(error).__name__, str(error), *getattr(error, "__notes__", ())]
    return {"told": told, "iterations": int(started.trainer.optimizer.iterations.numpy())}
