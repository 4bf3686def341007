"""Three losses to descend, and how far an optimizer gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug import OptimizerConfig, Selection

RATES = (0.1, 0.01, 1.0, 0.001, 10.0)


@dataclass(frozen=True)
class Landscape:
    """Where to start, the loss, and how low it has to get in so many steps, as a share of its start."""

    start: dict[str, Any]
    loss: Callable[..., Any]
    goal: float
    steps: int = 300


def _quadratic(matrix: Any, vector: Any) -> Any:
    curvature = tf.constant([[1.0, 10.0, 0.1], [3.0, 0.3, 1.0]])
    return tf.reduce_sum(curvature * (matrix - 0.5) ** 2) + tf.reduce_sum((vector + 0.5) ** 2)


def _rosenbrock(place: Any) -> Any:
    x, y = place[0, 0], place[0, 1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _logistic(weights: Any, bias: Any) -> Any:
    random = np.random.default_rng(5)
    inputs = random.normal(size=(64, 4)).astype(np.float32)
    labels = (inputs @ np.array([1.0, -2.0, 0.5, 0.0], np.float32) > 0.3).astype(np.float32)[:, None]
    logits = tf.matmul(tf.constant(inputs), weights) + bias
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.constant(labels), logits))


LANDSCAPES = {
    "quadratic": Landscape({"matrix": np.full([2, 3], 2.0), "vector": np.ones([3])}, _quadratic, 0.1),
    "rosenbrock": Landscape({"place": np.array([[-1.0, 1.5]])}, _rosenbrock, 0.2),
    "logistic regression": Landscape(
        {"weights": np.full([4, 1], 0.1), "bias": np.full([1], 0.1)}, _logistic, 0.7
    ),
}


def lowest(config: Any, landscape: Landscape) -> float:
    """Return the lowest loss at the end, as a share of that at the start, over a few learning rates.

    The search ends as soon as one is low enough. Where there is no rate, or it is a factor of one that
    the optimizer finds by itself, the config's own is the first to be tried.
    """
    best = np.inf
    for chosen in _with_rates(config):
        best = min(best, _share_left(chosen, landscape))
        if best <= landscape.goal:
            break
    return best


def _with_rates(config: Any) -> Iterator[Any]:
    yield config
    yield from (_with_rate(config, rate) for rate in RATES)


def _with_rate(value: Any, rate: float) -> Any:
    """Return a config with this learning rate, and so the optimizers inside of it."""
    if isinstance(value, tuple):
        return tuple(_with_rate(item, rate) for item in value)
    if not isinstance(value, OptimizerConfig | Selection):
        return value
    changed = {name: _with_rate(item, rate) for name, item in value}
    if "learning_rate" in changed:
        changed["learning_rate"] = rate
    return value.model_copy(update=changed)


def _share_left(config: Any, landscape: Landscape) -> float:
    variables = {
        name: tf.Variable(tf.constant(value, tf.float32), name=name)
        for name, value in landscape.start.items()
    }
    optimizer = config.model_copy(update={"jit_compile": False}).create()
    optimizer.build(list(variables.values()))

    def loss() -> Any:
        return landscape.loss(**variables)

    def step(index: Any) -> list[Any]:
        optimizer.minimize(loss, list(variables.values()))
        return [index + 1]

    @tf.function(autograph=False)
    def descend() -> None:
        tf.while_loop(lambda index: index < landscape.steps, step, [0], parallel_iterations=1)

    before = float(loss())
    descend()
    after = float(loss())
    return after / before if np.isfinite(after) else np.inf
