"""NumPy float64 oracle of adaptive gradient clipping.

Brock, De, Smith and Simonyan 2021, "High-Performance Large-Scale Image Recognition Without
Normalization", equation 3. The last axis counts the units of a kernel.
"""

from __future__ import annotations

from typing import Any

from references.case import SHAPES, Case, Peer
from references.training import Array, Processor, Scalar, Step, at, norm


def unit(array: Array, index: int) -> Array:
    """Return what belongs to one unit; a vector is one unit."""
    return array[..., index] if array.ndim > 1 else array


class AGC(Processor):
    """Each unit's gradient has at most clip_factor times the norm of the unit's weights."""

    def __init__(self, clip_factor: Scalar = 0.01, epsilon: Scalar = 1e-3) -> None:
        self.clip_factor, self.epsilon = clip_factor, epsilon

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        pairs = zip(gradients, step.keys, strict=True)
        return [self.clipped(gradient, step.variables[key], step.iteration) for gradient, key in pairs]

    def clipped(self, gradient: Array, variable: Array, iteration: int) -> Array:
        result = gradient.copy()
        for index in range(gradient.shape[-1] if gradient.ndim > 1 else 1):
            weights = max(norm([unit(variable, index)]), at(self.epsilon, iteration))
            bound = at(self.clip_factor, iteration) * weights
            if norm([unit(gradient, index)]) > bound:
                clipped = unit(gradient, index) * bound / norm([unit(gradient, index)])
                result[(..., index) if gradient.ndim > 1 else ...] = clipped
        return result


def _optax() -> Any:
    import optax

    return optax.chain(optax.adaptive_grad_clip(0.3, eps=0.1), optax.trace(0.9), optax.scale(-0.02))


KERNELS = (*SHAPES, (0, 3), (2, 2, 3, 2))
CASES = [
    Case("agc", AGC, {}, shapes=(*KERNELS, (3, 2, 2))),
    Case("agc", AGC, {"clip_factor": 0.5, "epsilon": 2.0}, shapes=(*KERNELS, (3, 2, 2))),
]
# Not with three axes: optax takes those for the heads of an attention.
PEERS = [Peer("agc", "optax", _optax, {"clip_factor": 0.3, "epsilon": 0.1}, shapes=KERNELS)]
