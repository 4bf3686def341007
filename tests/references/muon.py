"""NumPy float64 oracle of Muon.

Jordan, Jin, Boza, You, Cesista, Newhouse and Bernstein 2024, "Muon: An optimizer for hidden layers
in neural networks", with an average in place of the sum of gradients, its bias corrections, and
Nesterov's momentum as Dozat 2016 writes it. Liu et al. 2025, "Muon is Scalable for LLM Training",
for the scale that matches AdamW.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from references.adam import Adam
from references.case import SHAPES, Case, Peer
from references.peers import optax
from references.sgd import SGD
from references.training import Array, Optimizer, Scalar, at

QUINTIC = (3.4445, -4.7750, 2.0315)
FALLBACK = partial(Adam, learning_rate=3e-4, beta_2=0.95)


class Muon:
    """Momentum with its singular values replaced, for matrices; a `fallback` for all else."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 0.02,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_steps: int = 5,
        ns_coefficients: tuple[float, float, float] = QUINTIC,
        epsilon: float = 1e-8,
        scale: str = "original",
        skip: tuple[int, ...] = (),
        output_axes: Mapping[int, tuple[int, ...]] | None = None,
        batch_axes: Mapping[int, tuple[int, ...]] | None = None,
        fallback: Callable[[], Optimizer] = FALLBACK,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta, self.nesterov = momentum, nesterov
        self.steps, self.coefficients, self.epsilon = ns_steps, ns_coefficients, epsilon
        self.scale, self.skip = scale, skip
        self.output_axes, self.batch_axes = output_axes or {}, batch_axes or {}
        self.fallback = fallback()
        self.averages: dict[int, Array] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        if np.ndim(variable) < 2 or key in self.skip:
            return self.fallback.update(key, gradient, variable, iteration)
        beta, t = self.beta, iteration + 1
        average = beta * self.averages.get(key, np.zeros_like(variable)) + (1 - beta) * gradient
        self.averages[key] = average
        estimate = average / (1 - beta**t)
        if self.nesterov:
            ahead = average / (1 - beta ** (t + 1))
            estimate = beta * ahead + (1 - beta) * gradient / (1 - beta**t)
        return np.asarray(variable - self.rate(iteration) * self._direction(key, estimate))

    def _direction(self, key: int, estimate: Array) -> Array:
        """Orthogonalise one matrix after the other, each looked up by its indices."""
        batch, outputs = self.batch_axes.get(key, ()), self.output_axes.get(key, (-1,))
        columns = [axis % estimate.ndim for axis in outputs]
        rows = [axis for axis in range(estimate.ndim) if axis not in {*batch, *columns}]
        direction = np.zeros_like(estimate)
        for place in np.ndindex(*(estimate.shape[axis] for axis in batch)):
            index: list[Any] = [slice(None)] * estimate.ndim
            for axis, each in zip(batch, place, strict=True):
                index[axis] = slice(each, each + 1)
            part = np.moveaxis(estimate[tuple(index)], [*batch, *rows, *columns], range(estimate.ndim))
            height = int(np.prod([estimate.shape[axis] for axis in rows]))
            width = int(np.prod([estimate.shape[axis] for axis in columns]))
            made = self._scale(height, width) * self._orthogonal(part.reshape(height, width))
            made = made.reshape(part.shape)
            direction[tuple(index)] = np.moveaxis(made, range(estimate.ndim), [*batch, *rows, *columns])
        return direction

    def _orthogonal(self, matrix: Array) -> Array:
        a, b, c = self.coefficients
        x = matrix / (np.sqrt(np.sum(matrix**2)) + self.epsilon)
        for _ in range(self.steps):
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        return np.asarray(x)

    def _scale(self, inputs: int, outputs: int) -> float:
        if self.scale == "match_rms_adamw":
            return 0.2 * float(np.sqrt(max(inputs, outputs)))
        return float(np.sqrt(max(1.0, outputs / inputs))) if inputs else 1.0


_SHAPES = (*SHAPES, (3, 7), (1, 3), (2, 3, 4), (2, 2, 3, 5), (0, 3), (2, 0, 3))
_AXES = [("output_axes", {"w6": (1, 2), "w7": (0,)}), ("batch_axes", {"w7": (-1,), "w9": (0,)})]
CASES = [
    Case("muon", Muon, fields, shapes=_SHAPES)
    for fields in (
        {},
        {"scale": "match_rms_adamw", "learning_rate": 0.01},
        {"nesterov": False, "ns_steps": 3, "epsilon": 1e-3},
        {"momentum": 0.5, "ns_steps": 8, "ns_coefficients": (2.0, -1.5, 0.5)},
    )
]
CASES += [
    Case(
        "muon",
        Muon,
        dict(_AXES),
        {"output_axes": {6: (1, 2), 7: (0,)}, "batch_axes": {7: (3,), 9: (0,)}},
        _SHAPES,
    ),
    Case(
        "muon",
        Muon,
        {"skip": ("w2", "w6"), "fallback": {"use": "sgd", "learning_rate": 0.1}},
        {"skip": (2, 6), "fallback": partial(SGD, 0.1)},
        _SHAPES,
    ),
]
_MATRICES = ((4, 3), (3, 7), (6, 6), (1, 4))
_ADAM = {"use": "adamw", "learning_rate": 1e-3, "weight_decay": 0.0, "epsilon": 1e-3, "epsilon_form": "paper"}
PEERS = [
    Peer("muon", "optax", optax("contrib.muon", learning_rate=0.002), {"learning_rate": 0.002}, _MATRICES),
    Peer(
        "muon",
        "optax",
        optax("contrib.muon", learning_rate=1e-3, weight_decay=0.1, consistent_rms=0.2),
        {"learning_rate": 1e-3, "weight_decay": 0.1, "scale": "match_rms_adamw"},
        _MATRICES,
    ),
    Peer(
        "muon",
        "optax",
        optax("contrib.muon", learning_rate=1e-3, nesterov=False, eps=1e-3),
        {"learning_rate": 1e-3, "nesterov": False, "epsilon": 1e-3, "fallback": _ADAM},
    ),
]
