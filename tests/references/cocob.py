"""NumPy float64 oracle of COCOB-Backprop.

Orabona and Tommasi 2017, "Training Deep Networks without Learning Rates Through Coin Betting",
Algorithm 2: each variable is its start and a bet. The largest gradient starts at a small epsilon,
and the learning rate, which is not in the paper, multiplies gradients.
"""

from __future__ import annotations

import numpy as np

from references.case import Case, Peer
from references.peers import optax
from references.training import Array, Scalar, at


class COCOB:
    """Bet on each element's next gradient in proportion to the wealth that earlier bets have won."""

    def __init__(self, *, learning_rate: Scalar = 1.0, alpha: Scalar = 100.0, epsilon: float = 1e-8) -> None:
        self.learning_rate, self.alpha, self.epsilon = learning_rate, alpha, epsilon
        self.state: dict[int, tuple[Array, Array, Array, Array, Array]] = {}

    def rate(self, iteration: int) -> float:
        return at(self.learning_rate, iteration)

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        zero = np.zeros_like(variable)
        fresh = variable, np.full_like(variable, self.epsilon), zero, zero, zero
        start, largest, absolute, reward, theta = self.state.get(key, fresh)
        outcome = -self.rate(iteration) * gradient
        largest = np.maximum(largest, np.abs(outcome))
        absolute = absolute + np.abs(outcome)
        reward = np.maximum(reward + (variable - start) * outcome, 0)
        theta = theta + outcome
        self.state[key] = start, largest, absolute, reward, theta
        bound = largest * np.maximum(absolute + largest, at(self.alpha, iteration) * largest)
        return np.asarray(start + theta / bound * (largest + reward))


CASES = [
    Case("cocob", COCOB),
    Case("cocob", COCOB, {"alpha": 2.0, "epsilon": 0.5}),
    Case("cocob", COCOB, {"learning_rate": 0.1, "alpha": 10.0}),
]
PEERS = [
    Peer("cocob", "optax", optax("contrib.cocob")),
    Peer(
        "cocob",
        "optax",
        optax("contrib.cocob", alpha=10.0, learning_rate=0.1),
        {"learning_rate": 0.1, "alpha": 10.0},
    ),
]
