"""NumPy float64 oracle of Prodigy.

Mishchenko and Defazio 2023, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner", the Adam
variant, with the sums r and s multiplied by ``1 - beta_3`` as in the paper, which the estimate does
not notice, and with what its authors' code adds: bias corrections as a factor of the rate, and the
new distance beside epsilon.
"""

from __future__ import annotations

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at


class Prodigy:
    """The distance to the solution is estimated by ``r / |s|_1``."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1.0,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        beta_3: float | None = None,
        epsilon: float = 1e-8,
        d0: float = 1e-6,
        d_coef: Scalar = 1.0,
        bias_correction: bool = True,
        safeguard_warmup: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.learning_rate, self.d, self.d_coef = learning_rate, d0, d_coef
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.beta_3 = float(np.sqrt(beta_2)) if beta_3 is None else beta_3
        self.corrects, self.safeguards = bias_correction, safeguard_warmup
        self.weight_decay = weight_decay
        self.start: dict[int, Array] = {}
        self.m: dict[int, Array] = {}
        self.v: dict[int, Array] = {}
        self.s: dict[int, Array] = {}
        self.r = 0.0

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update_all(
        self, gradients: dict[int, Array], variables: dict[int, Array], iteration: int
    ) -> dict[int, Array]:
        t, d = iteration + 1, self.d
        rate = d * self.rate(iteration)
        if self.corrects:
            rate *= np.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        back, size = 0.0, 0.0
        for key, g in gradients.items():
            start = self.start.setdefault(key, variables[key])
            back += float(np.sum(g * (start - variables[key])))
            weight = d if self.safeguards else rate
            s = self.s.get(key, np.zeros_like(g))
            self.s[key] = self.beta_3 * s + (1 - self.beta_3) * d * weight * g
            size += float(np.sum(np.abs(self.s[key])))
        self.r = self.beta_3 * self.r + (1 - self.beta_3) * d * rate * back
        if size:
            self.d = max(d, at(self.d_coef, iteration) * self.r / size)
        new = {}
        for key, g in gradients.items():
            m, v = (state.get(key, np.zeros_like(g)) for state in (self.m, self.v))
            self.m[key] = m = self.beta_1 * m + (1 - self.beta_1) * d * g
            self.v[key] = v = self.beta_2 * v + (1 - self.beta_2) * (d * g) ** 2
            step = rate * m / (np.sqrt(v) + self.d * self.epsilon)
            new[key] = np.asarray(variables[key] * (1 - rate * self.weight_decay) - step)
        return new


_FALLING = {"use": "inverse_time", "initial_learning_rate": 1.0, "decay_steps": 1, "decay_rate": 1.0}


# The first estimate is large enough for the other ones to be seen in the variables.
CASES = [
    Case("prodigy", Prodigy, form)
    for form in (
        {"d0": 1e-3},
        {"d0": 1e-2, "beta_2": 0.9, "weight_decay": 0.5},
        {"d0": 1e-3, "beta_1": 0.0, "beta_2": 0.5, "beta_3": 0.9, "epsilon": 1e-3, "bias_correction": False},
        {"d0": 1e-2, "learning_rate": _FALLING, "safeguard_warmup": True, "d_coef": 2.0},
    )
]
# In float32 the bias corrections of optax have errors of 1e-4 for a beta_2 of 0.999: see the size of d0.
PEERS = [
    Peer("prodigy", "optax", optax("contrib.prodigy", estim_lr0=1e-3), {"d0": 1e-3}),
    Peer(
        "prodigy",
        "optax",
        optax(
            "contrib.prodigy",
            estim_lr0=1e-3,
            estim_lr_coef=0.5,
            betas=(0.8, 0.9),
            beta3=0.8,
            eps=1e-3,
            weight_decay=0.1,
        ),
        {
            "d0": 1e-3,
            "d_coef": 0.5,
            "beta_1": 0.8,
            "beta_2": 0.9,
            "beta_3": 0.8,
            "epsilon": 1e-3,
            "weight_decay": 0.1,
        },
    ),
    Peer(
        "prodigy",
        "optax",
        optax("contrib.prodigy", estim_lr0=1e-3, learning_rate=0.5, safeguard_warmup=True),
        {"d0": 1e-3, "learning_rate": 0.5, "safeguard_warmup": True},
    ),
]
