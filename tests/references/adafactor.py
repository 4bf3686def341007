"""NumPy float64 oracle of Adafactor.

Shazeer and Stern 2018, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost": Algorithm
4 for matrices and 5 for the rest, with the two longest axes of a variable of more dimensions as
rows and columns, and a second moment of full size for a variable of which one of the two is short.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from references.case import SHAPES, Case, Peer
from references.peers import keras, optax
from references.training import Array, Scalar, at


def rms(x: Array) -> float:
    """Return the root mean square, and 0 of nothing."""
    return float(np.sqrt(np.mean(x**2))) if x.size else 0.0


class Adafactor:
    """Updates by a factored second moment; arguments as those of Keras."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float | None = 1.0,
        relative_step: bool = True,
        multiply_by_parameter_scale: bool = True,
        momentum: float = 0.0,
        min_dim_size_to_factor: int = 128,
        decay_offset: int = 0,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_2_decay = beta_2_decay
        self.epsilon_1, self.epsilon_2 = epsilon_1, epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step
        self.scaled = multiply_by_parameter_scale
        self.momentum = momentum
        self.shortest = min_dim_size_to_factor
        self.decay_offset = decay_offset
        self.means: dict[Any, Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def average(self, key: Any, value: Array, weight: float) -> Array:
        """Return the running mean of that name, in which the newest value has this weight."""
        self.means[key] = (1 - weight) * self.means.get(key, np.zeros_like(value)) + weight * value
        return self.means[key]

    def second_moment(self, key: int, square: Array, share: float) -> Array:
        if square.ndim < 2:
            return self.average((key, "full"), square, share)
        *_, second, first = np.argsort(square.shape, kind="stable")
        if square.shape[second] < self.shortest:
            return self.average((key, "full"), square, share)
        rows = self.average((key, "rows"), square.mean(first, keepdims=True), share)
        columns = self.average((key, "columns"), square.mean(second, keepdims=True), share)
        return rows * columns / rows.mean(second, keepdims=True)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        t = iteration + 1
        share = float(max(t - self.decay_offset, 1)) ** self.beta_2_decay
        change = gradient / np.sqrt(self.second_moment(key, gradient**2 + self.epsilon_1, share))
        if self.clip_threshold is not None:
            change = change / max(1.0, rms(change) / self.clip_threshold)
        rate = min(self.rate(iteration), t**-0.5) if self.relative_step else self.rate(iteration)
        change = change * rate * (max(self.epsilon_2, rms(variable)) if self.scaled else 1.0)
        return np.asarray(variable - self.average((key, "momentum"), change, 1 - self.momentum))


# Both orders of lengths, equal ones, more dimensions, and an axis that is too short to be factored.
FACTORED = (*SHAPES, (3, 6), (4, 4), (6, 2, 5), (3, 5, 4), (2, 7))
_SMALL = {"min_dim_size_to_factor": 3}
_PLAIN = {"relative_step": False, **_SMALL}
_BARE = {"multiply_by_parameter_scale": False, "clip_threshold": None}
CASES = [
    Case("adafactor", Adafactor, {}, shapes=(*SHAPES, (128, 130), (127, 130))),
    *(
        Case("adafactor", Adafactor, {**_SMALL, **form}, shapes=FACTORED)
        for form in (
            {"learning_rate": 0.3},
            {"learning_rate": 0.3, "relative_step": False, "momentum": 0.9},
            {"beta_2_decay": -0.5, "epsilon_1": 1e-3, "epsilon_2": 0.7, "clip_threshold": 0.5},
            {**_BARE, "learning_rate": 0.05},
            {"learning_rate": 0.05, "decay_offset": 20},
        )
    ),
]
PEERS = [
    Peer(
        "adafactor",
        "optax",
        optax("adafactor", learning_rate=0.02, min_dim_size_to_factor=3),
        {**_PLAIN, "learning_rate": 0.02},
        shapes=FACTORED,
    ),
    Peer(
        "adafactor",
        "optax",
        optax("adafactor", learning_rate=0.02, momentum=0.9, decay_rate=0.5, eps=1e-3),
        {
            **_PLAIN,
            "learning_rate": 0.02,
            "momentum": 0.9,
            "beta_2_decay": -0.5,
            "epsilon_1": 1e-3,
            "min_dim_size_to_factor": 128,
        },
        shapes=(*SHAPES, (128, 130), (127, 130)),
    ),
    Peer(
        "adafactor",
        "optax",
        optax(
            "adafactor",
            learning_rate=0.02,
            min_dim_size_to_factor=3,
            multiply_by_parameter_scale=False,
            clipping_threshold=None,
        ),
        {**_PLAIN, **_BARE, "learning_rate": 0.02},
        shapes=FACTORED,
    ),
    Peer(
        "adafactor",
        "tf_keras",
        keras("Adafactor", learning_rate=0.2),
        {"learning_rate": 0.2, "min_dim_size_to_factor": 1},
        shapes=(*SHAPES, (3, 6)),
    ),
]
