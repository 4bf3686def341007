"""NumPy float64 oracle of DoG and L-DoG.

Ivgi, Hinder and Carmon 2023, "DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size
Schedule": the step size is the largest distance from the start so far over the root of the sum of
the squared norms of the gradients; of all variables together, or of each for itself. Weight decay
is decoupled from the gradient.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at, norm


class DoG:
    """``eta = max distance / sqrt(sum |g|^2 + epsilon)``; ``w <- w - rate eta (g + decay w)``."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1.0,
        reps_rel: float = 1e-6,
        epsilon: float = 1e-8,
        layerwise: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.learning_rate, self.reps_rel, self.epsilon = learning_rate, reps_rel, epsilon
        self.layerwise, self.weight_decay = layerwise, weight_decay
        self.start: dict[int, Array] = {}
        self.distance: dict[tuple[int, ...], float] = {}
        self.squares: dict[tuple[int, ...], float] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update_all(
        self, gradients: dict[int, Array], variables: dict[int, Array], iteration: int
    ) -> dict[int, Array]:
        groups = [(key,) for key in gradients] if self.layerwise else [tuple(gradients)]
        new = {}
        for group in groups:
            eta = self.rate(iteration) * self.step_size(group, gradients, variables)
            for key in group:
                new[key] = np.asarray(
                    variables[key] - eta * (gradients[key] + self.weight_decay * variables[key])
                )
        return new

    def step_size(
        self, group: tuple[int, ...], gradients: dict[int, Array], variables: dict[int, Array]
    ) -> float:
        for key in group:
            self.start.setdefault(key, variables[key])
        first = self.reps_rel * (1 + norm(self.start[key] for key in group))
        moved = norm(variables[key] - self.start[key] for key in group)
        self.distance[group] = max(self.distance.get(group, first), moved)
        self.squares[group] = self.squares.get(group, 0.0) + norm(gradients[key] for key in group) ** 2
        return float(self.distance[group] / np.sqrt(self.squares[group] + self.epsilon))


def _optax_layerwise(**fields: Any) -> Any:
    """Return DoG for each of the variables by itself, which is L-DoG."""
    import optax

    layers = ["0", "1", "2", "3"]
    return optax.partition({layer: optax.contrib.dog(**fields) for layer in layers}, layers)


_FALLING = {"use": "inverse_time", "initial_learning_rate": 1.0, "decay_steps": 1, "decay_rate": 1.0}


_FAR = {"reps_rel": 1e-2}
CASES = [
    Case("dog", DoG, {**form, "layerwise": layerwise})
    for layerwise in (False, True)
    for form in (
        {"reps_rel": 1e-4},
        {"reps_rel": 0.1, "epsilon": 0.5, "weight_decay": 0.2},
        {"reps_rel": 0.1, "learning_rate": _FALLING},
    )
]
PEERS = [
    Peer("dog", "optax", optax("contrib.dog", init_step=("heuristic", 1e-2)), _FAR),
    Peer(
        "dog",
        "optax",
        optax("contrib.dog", init_step=("heuristic", 1e-2), learning_rate=0.5, eps=1.0),
        {**_FAR, "learning_rate": 0.5, "epsilon": 1.0},
    ),
    Peer(
        "dog",
        "optax",
        partial(_optax_layerwise, init_step=("heuristic", 1e-2)),
        {**_FAR, "layerwise": True},
    ),
]
