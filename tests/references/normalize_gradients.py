"""NumPy float64 oracle of normalized gradients.

Hazan, Levy and Shalev-Shwartz 2015, "Beyond Convexity: Stochastic Quasi-Convex Optimization",
Algorithm 1; a gradient of 0 stays 0.
"""

from __future__ import annotations

from typing import Any

from references.case import Case, Peer
from references.training import Array, Processor, Step, norm


class NormalizeGradients(Processor):
    """Each gradient over its norm, or all over their common norm."""

    def __init__(self, scope: str = "variable") -> None:
        self.scope = scope

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        if self.scope == "global":
            return [gradient / (norm(gradients) or 1.0) for gradient in gradients]
        return [gradient / (norm([gradient]) or 1.0) for gradient in gradients]


def _optax() -> Any:
    import optax

    return optax.chain(optax.normalize_by_update_norm(eps=0.0), optax.trace(0.9), optax.scale(-0.02))


CASES = [
    Case("normalize_gradients", NormalizeGradients),
    Case("normalize_gradients", NormalizeGradients, {"scope": "global"}),
]
PEERS = [Peer("normalize_gradients", "optax", _optax, {"scope": "global"})]
