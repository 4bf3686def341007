"""NumPy float64 oracle of schedule-free AdamW and gradient descent.

Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky 2024, "The Road Less Scheduled": all three
sequences are kept, z, x and y, in the notation of the paper. The average is weighted by a power of
the largest learning rate so far, and the bias correction belongs to the second moment.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at


class ScheduleFreeSGD:
    """``z <- z - rate (g + decay y)``, ``x <- (1 - c) x + c z``, ``y <- (1 - beta) z + beta x``."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1.0,
        beta_1: float = 0.9,
        warmup_steps: int = 0,
        weight_lr_power: float = 2.0,
        weight_decay: Scalar = 0.0,
    ) -> None:
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.beta_1, self.warmup_steps, self.power = beta_1, warmup_steps, weight_lr_power
        self.z: dict[int, Array] = {}
        self.x: dict[int, Array] = {}
        self.largest = self.weights = 0.0

    def rate(self, iteration: int) -> float:
        warmup = min(1.0, (iteration + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        return at(self.learning_rate, iteration) * warmup

    def direction(self, key: int, gradient: Array, iteration: int) -> Array:
        return gradient

    def update_all(
        self, gradients: dict[int, Array], variables: dict[int, Array], iteration: int
    ) -> dict[int, Array]:
        rate, decay = self.rate(iteration), at(self.weight_decay, iteration)
        self.largest = max(self.largest, rate)
        weight = self.largest**self.power
        self.weights += weight
        share = weight / self.weights if self.weights else 0.0
        new = {}
        for key, gradient in gradients.items():
            y = variables[key]
            z, x = self.z.get(key, y), self.x.get(key, y)
            z = z - rate * (self.direction(key, gradient, iteration) + decay * y)
            x = (1 - share) * x + share * z
            self.z[key], self.x[key] = z, x
            new[key] = np.asarray((1 - self.beta_1) * z + self.beta_1 * x)
        return new


class ScheduleFreeAdamW(ScheduleFreeSGD):
    """The same with the gradient divided by the root of its second moment."""

    def __init__(
        self, *, learning_rate: Scalar = 0.0025, beta_2: float = 0.999, epsilon: float = 1e-8, **others: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **others)
        self.beta_2, self.epsilon = beta_2, epsilon
        self.v: dict[int, Array] = {}

    def direction(self, key: int, gradient: Array, iteration: int) -> Array:
        self.v[key] = self.beta_2 * self.v.get(key, np.zeros_like(gradient)) + (1 - self.beta_2) * gradient**2
        corrected = self.v[key] / (1 - self.beta_2 ** (iteration + 1))
        return np.asarray(gradient / (np.sqrt(corrected) + self.epsilon))


def optax_with_warmup(rate: float, steps: int, b1: float, decay: float) -> Any:
    """Return optax' schedule-free descent with one warm-up for the step and for the weight.

    optax counts the steps of the one from 0 and those of the other from 1.
    """
    import jax.numpy as jnp
    import optax

    def warm(first: int) -> Any:
        return lambda count: rate * jnp.minimum(1.0, (count + first) / steps)

    step = optax.chain(optax.add_decayed_weights(decay), optax.sgd(warm(1)))
    return optax.contrib.schedule_free(step, warm(0), b1=b1)


_SLOW = {"learning_rate": 0.02}
_WARM = {"learning_rate": 0.02, "warmup_steps": 20, "beta_1": 0.8, "weight_decay": 0.3}
_OTHER = {"beta_1": 1.0, "weight_lr_power": 0.0, "weight_decay": 0.1}

# A learning rate that starts at 0 and falls again.
_STEPS = {"use": "piecewise_constant", "boundaries": [1, 10, 20], "values": [0.0, 0.01, 0.02, 0.005]}

CASES = [
    Case("schedule_free_sgd", ScheduleFreeSGD, form)
    for form in (_SLOW, {**_OTHER, **_SLOW}, _WARM, {"learning_rate": _STEPS})
]
CASES += [
    Case("schedule_free_adamw", ScheduleFreeAdamW, form)
    for form in (
        {},
        {**_WARM, "epsilon": 1e-2},
        {**_OTHER, "beta_2": 0.0, "epsilon": 1e-2},
        {"learning_rate": _STEPS, "weight_decay": 0.1},
    )
]
# The float32 errors of optax, which finds x from y and z at each step, are smallest for small betas.
_HALF = {"learning_rate": 0.02, "beta_1": 0.5}
PEERS = [
    Peer("schedule_free_sgd", "optax", optax("contrib.schedule_free_sgd", learning_rate=0.02, b1=0.5), _HALF),
    Peer("schedule_free_sgd", "optax", partial(optax_with_warmup, 0.02, 20, 0.8, 0.3), _WARM),
    Peer("schedule_free_adamw", "optax", optax("contrib.schedule_free_adamw")),
    Peer(
        "schedule_free_adamw",
        "optax",
        optax("contrib.schedule_free_adamw", weight_decay=0.1, b1=0.5, b2=0.9, eps=1e-3),
        {"weight_decay": 0.1, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
    ),
]
