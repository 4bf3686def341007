"""Paths down a valley in two dimensions: what an optimizer, or a processor around descent, does there."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from optiplug import OptimizerConfig, create
from optiplug._hookspecs import hook_names

__all__ = ["HEIGHT", "STEPS", "averaged", "descent", "followed", "height", "steepest"]

Path = NDArray[np.float64]

STEPS = 120
RATES = (1.0, 0.3, 0.1, 0.03, 0.01)
START = ((-1.4, 1.6),)
HEIGHT = 12.0  # at the start, about: beyond it a path is no descent


def height(x: Any, y: Any) -> Any:
    """Return the height of a curved valley (Rosenbrock's, less steep): 0 at its end, (1, 1)."""
    return (1 - x) ** 2 + 4 * (y - x**2) ** 2


def steepest(config: OptimizerConfig) -> Path:
    """Return the path of an optimizer with the learning rate, out of a few, with which it ends lowest.

    One that has no learning rate of its own, or one that adapts itself, goes with what it has.
    """
    rates = RATES if getattr(config, "learning_rate", None) not in (None, 1.0) else ()
    variants = [config.model_copy(update={"learning_rate": rate}) for rate in rates] or [config]
    return min(map(followed, variants), key=_end)


def descent(processors: Iterable[Any] = ()) -> Path:
    """Return the path of descent with momentum and these processors."""
    return followed(create("sgd", learning_rate=0.02, momentum=0.8, processors=list(processors)).config)


def averaged(processors: Iterable[Any]) -> Path | None:
    """Return the path of the averages that such a descent leaves after each step; None if it keeps none."""
    config = create("sgd", learning_rate=0.02, momentum=0.8, processors=list(processors)).config
    return (
        followed(config, averages=True) if "finalize" in hook_names(config.create().processors[0]) else None
    )


def followed(config: OptimizerConfig, *, averages: bool = False) -> Path:
    """Return the points on the path of an optimizer, one for each step, or the averages there."""
    # A row of two is a matrix, so what is for matrices has one.
    place = tf.Variable(tf.constant(START), name="kernel")
    optimizer = config.model_copy(update={"jit_compile": False}).create()

    def loss() -> Any:
        return height(place[0, 0], place[0, 1])

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def step() -> None:
        optimizer.minimize(loss, [place])

    points = [place.numpy()[0]]
    for _ in range(STEPS):
        step()
        with optimizer.averaged_weights() if averages else nullcontext():
            points.append(place.numpy()[0])
    return np.asarray(points, np.float64)


def _end(path: Path) -> float:
    end = float(height(*path[-1]))
    return end if np.isfinite(end) else np.inf
