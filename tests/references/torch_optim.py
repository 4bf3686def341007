"""Optimizers of torch, by the formulas in the documentation of `torch.optim`, with its names and defaults.

Each is called with the values and the gradient of one variable, and returns the new values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "RMSprop", "steps"]

Array = NDArray[np.float64]


@dataclass
class _Base:
    lr: float
    weight_decay: float = 0.0
    coupled: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self.t = 0
        self.kept: dict[str, Array] = {}

    def __call__(self, value: Array, gradient: Array) -> Array:
        self.t += 1
        if self.coupled:
            gradient = gradient + self.weight_decay * value
        else:
            value = value - self.lr * self.weight_decay * value
        return value - self.lr * self.step(gradient)

    def step(self, gradient: Array) -> Array:
        raise NotImplementedError

    def average(self, name: str, decay: float, value: Array) -> Array:
        self.kept[name] = decay * self.kept.get(name, np.zeros_like(value)) + (1 - decay) * value
        return self.kept[name]


@dataclass
class SGD(_Base):
    momentum: float = 0.0
    nesterov: bool = False

    def step(self, gradient: Array) -> Array:
        if not self.momentum:
            return gradient
        self.kept["b"] = self.momentum * self.kept.get("b", np.zeros_like(gradient)) + gradient
        return gradient + self.momentum * self.kept["b"] if self.nesterov else self.kept["b"]


@dataclass
class Adam(_Base):
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def step(self, gradient: Array) -> Array:
        m = self.average("m", self.betas[0], gradient) / (1 - self.betas[0] ** self.t)
        v = self.average("v", self.betas[1], gradient**2) / (1 - self.betas[1] ** self.t)
        return m / (np.sqrt(v) + self.eps)


@dataclass
class AdamW(Adam):
    weight_decay: float = 0.01
    coupled: ClassVar[bool] = False


@dataclass
class Adamax(_Base):
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def step(self, gradient: Array) -> Array:
        m = self.average("m", self.betas[0], gradient)
        before = self.kept.get("u", np.zeros_like(gradient))
        self.kept["u"] = np.maximum(self.betas[1] * before, np.abs(gradient) + self.eps)
        return m / ((1 - self.betas[0] ** self.t) * self.kept["u"])


@dataclass
class Adagrad(_Base):
    eps: float = 1e-10

    def step(self, gradient: Array) -> Array:
        self.kept["sum"] = self.kept.get("sum", np.zeros_like(gradient)) + gradient**2
        return gradient / (np.sqrt(self.kept["sum"]) + self.eps)


@dataclass
class Adadelta(_Base):
    rho: float = 0.9
    eps: float = 1e-6

    def step(self, gradient: Array) -> Array:
        v = self.average("v", self.rho, gradient**2)
        u = self.kept.get("u", np.zeros_like(gradient))
        change = np.sqrt(u + self.eps) / np.sqrt(v + self.eps) * gradient
        self.average("u", self.rho, change**2)
        return change


@dataclass
class RMSprop(_Base):
    alpha: float = 0.99
    eps: float = 1e-8

    def step(self, gradient: Array) -> Array:
        return gradient / (np.sqrt(self.average("v", self.alpha, gradient**2)) + self.eps)


def steps(optimizer: _Base, value: Array, gradients: list[Array]) -> Iterator[Array]:
    """Yield the values after each step."""
    for gradient in gradients:
        value = optimizer(value, gradient)
        yield value
