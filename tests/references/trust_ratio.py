"""NumPy float64 oracle of trust ratios.

You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes",
Algorithm 2, around a direction that any optimizer gives; 1 where a norm is 0.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.training import Array, Processor, Scalar, Step, at, norm


class TrustRatio(Processor):
    """The direction, which is the update over minus the rate, gets the norm of the variable."""

    def __init__(
        self, coefficient: Scalar = 1.0, epsilon: Scalar = 0.0, max_ratio: Scalar | None = None
    ) -> None:
        self.coefficient, self.epsilon, self.max_ratio = coefficient, epsilon, max_ratio

    def update(self, updates: list[Array], step: Step) -> list[Array]:
        pairs = zip(updates, step.keys, strict=True)
        return [self.trusted(update, step.variables[key], step) for update, key in pairs]

    def trusted(self, update: Array, variable: Array, step: Step) -> Array:
        if not norm([variable]) or not norm([update]):
            return update
        if not step.rate:
            return np.zeros_like(update)
        direction = -update / step.rate
        ratio = at(self.coefficient, step.iteration) * norm([variable])
        ratio /= norm([direction]) + at(self.epsilon, step.iteration)
        if self.max_ratio is not None:
            ratio = min(ratio, at(self.max_ratio, step.iteration))
        return np.asarray(-step.rate * ratio * direction)


def _optax(**fields: float) -> Any:
    import optax

    return optax.chain(optax.trace(0.9), optax.scale_by_trust_ratio(**fields), optax.scale(-0.02))


FIELDS = {"coefficient": 0.3, "epsilon": 0.5}
CASES = [Case("trust_ratio", TrustRatio, form) for form in ({}, FIELDS, {"max_ratio": 0.3})]
PEERS = [
    Peer("trust_ratio", "optax", _optax),
    Peer("trust_ratio", "optax", partial(_optax, trust_coefficient=0.3, eps=0.5), FIELDS),
]
