"""NumPy float64 oracle of Adam with D-Adaptation.

Defazio and Mishchenko 2023, "Learning-Rate-Free Learning by D-Adaptation", the Adam variant, with
the bias corrections as a factor of the rate and the numerator formed before the moments change.
"""

from __future__ import annotations

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at


class DAdaptAdam:
    """The distance to the solution is estimated by ``r / ((1 - sqrt(beta_2)) |s|_1)``."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1.0,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        d0: float = 1e-6,
        bias_correction: bool = True,
        weight_decay: float = 0.0,
    ) -> None:
        self.learning_rate, self.d = learning_rate, d0
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.corrects, self.weight_decay = bias_correction, weight_decay
        self.m: dict[int, Array] = {}
        self.v: dict[int, Array] = {}
        self.s: dict[int, Array] = {}
        self.r = 0.0

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update_all(
        self, gradients: dict[int, Array], variables: dict[int, Array], iteration: int
    ) -> dict[int, Array]:
        t, keep = iteration + 1, np.sqrt(self.beta_2)
        rate = self.d * self.rate(iteration)
        if self.corrects:
            rate *= np.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        along, size, new = 0.0, 0.0, {}
        for key, g in gradients.items():
            m, v, s = (state.get(key, np.zeros_like(g)) for state in (self.m, self.v, self.s))
            along += rate * float(np.sum(g * s / (np.sqrt(v) + self.epsilon)))
            self.m[key] = m = self.beta_1 * m + (1 - self.beta_1) * rate * g
            self.v[key] = v = self.beta_2 * v + (1 - self.beta_2) * g**2
            self.s[key] = s = keep * s + (1 - keep) * rate * g
            size += float(np.sum(np.abs(s)))
            new[key] = np.asarray(
                variables[key] * (1 - rate * self.weight_decay) - m / (np.sqrt(v) + self.epsilon)
            )
        self.r = keep * self.r + (1 - keep) * along
        if size:
            self.d = max(self.d, self.r / ((1 - keep) * size))
        return new


_FALLING = {"use": "inverse_time", "initial_learning_rate": 1.0, "decay_steps": 1, "decay_rate": 1.0}


# The first estimate is large enough for the other ones to be seen in the variables.
CASES = [
    Case("dadapt_adam", DAdaptAdam, form)
    for form in (
        {},
        {"d0": 1e-2, "beta_2": 0.9, "weight_decay": 0.5},
        {"d0": 1e-3, "beta_1": 0.0, "beta_2": 0.5, "epsilon": 1e-3, "bias_correction": False},
        {"d0": 1e-2, "learning_rate": _FALLING},
    )
]
# In float32 the bias corrections of optax have errors of 1e-4 for a beta_2 of 0.999: see the size of d0.
PEERS = [
    Peer("dadapt_adam", "optax", optax("contrib.dadapt_adamw", estim_lr0=1e-3), {"d0": 1e-3}),
    Peer(
        "dadapt_adam",
        "optax",
        optax("contrib.dadapt_adamw", estim_lr0=1e-3, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.5),
        {"d0": 1e-3, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3, "weight_decay": 0.5},
    ),
]
