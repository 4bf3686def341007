"""NumPy float64 oracle of Adam and AMSGrad.

Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", Algorithm 1 (`paper`) and the
rearranged form before its section 2.1, whose epsilon is the paper's epsilon-hat (`keras`).
Reddi, Kale and Kumar 2018, "On the Convergence of Adam and Beyond", for AMSGrad: the maximum is
taken over the second moment before its bias correction.
"""

from __future__ import annotations

import numpy as np

from references.case import Case, Peer
from references.peers import keras, optax
from references.training import Array, Scalar, at


class Adam:
    """Adaptive moments; `epsilon_form` says which of the two epsilons of the paper is given."""

    def __init__(
        self,
        *,
        learning_rate: Scalar = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        epsilon_form: str = "keras",
    ) -> None:
        self.learning_rate = learning_rate
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.epsilon, self.epsilon_form = epsilon, epsilon_form
        self.amsgrad = amsgrad
        self.moments: dict[int, tuple[Array, Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        zero = np.zeros_like(variable)
        m, v, largest = self.moments.get(key, (zero, zero, zero))
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * gradient**2
        largest = np.maximum(largest, v)
        self.moments[key] = m, v, largest
        second = largest if self.amsgrad else v
        t = iteration + 1
        correction_1, correction_2 = 1 - self.beta_1**t, 1 - self.beta_2**t
        if self.epsilon_form == "paper":
            direction = (m / correction_1) / (np.sqrt(second / correction_2) + self.epsilon)
        else:
            direction = np.sqrt(correction_2) / correction_1 * m / (np.sqrt(second) + self.epsilon)
        return np.asarray(variable - self.rate(iteration) * direction)


_PAPER = {"epsilon_form": "paper", "epsilon": 1e-2}
CASES = [
    Case("adam", Adam, form)
    for form in (
        {},
        {"beta_1": 0.0, "beta_2": 0.5, "epsilon": 1e-3},
        {"amsgrad": True, "beta_2": 0.9},
        _PAPER,
        {**_PAPER, "amsgrad": True, "beta_2": 0.9},
    )
]
CASES.append(Case("adamw", Adam, {"weight_decay": 0.0}, {}))
PEERS = [
    Peer("adam", "tf_keras", keras("Adam")),
    Peer("adam", "tf_keras", keras("Adam", amsgrad=True), {"amsgrad": True}),
    Peer("adamw", "tf_keras", keras("AdamW")),
    Peer(
        "adamw",
        "optax",
        optax("adamw", learning_rate=1e-3, eps=1e-3, weight_decay=0.1),
        {"epsilon": 1e-3, "epsilon_form": "paper", "weight_decay": 0.1},
    ),
]
