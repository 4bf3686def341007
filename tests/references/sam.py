"""NumPy float64 oracles of sharpness-aware minimization.

Foret, Kleiner, Mobahi and Neyshabur 2021, "Sharpness-Aware Minimization for Efficiently Improving
Generalization": Algorithm 1, with the perturbation of equation 2 for p = 2. Kwon, Kim, Park and
Choi 2021, "ASAM: Adaptive Sharpness-Aware Minimization for Scale-Invariant Learning of Deep Neural
Networks", for `adaptive`, with the elementwise normalization |w|.

It is in where gradients come from; a step with given gradients is that of the base optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from references.case import Case
from references.sgd import SGD
from references.training import Array, norm


def perturbed(
    variables: Sequence[Array], gradients: Sequence[Array], rho: float, adaptive: bool = False
) -> list[Array]:
    """Return where, within rho of the variables, the loss is highest to first order."""
    sizes = [np.abs(variable) if adaptive else np.ones_like(variable) for variable in variables]
    length = norm(size * gradient for size, gradient in zip(sizes, gradients, strict=True))
    triples = zip(variables, sizes, gradients, strict=True)
    return [w + rho * size**2 * g / length if length else w for w, size, g in triples]


def train(
    gradient: Callable[[Sequence[Array]], list[Array]],
    base: SGD,
    initial: Sequence[Array],
    steps: int,
    *,
    rho: float,
    adaptive: bool = False,
) -> list[list[Array]]:
    """Return the variables after each step with `base` on the gradients at the perturbed points."""
    variables, trajectory = list(initial), []
    for iteration in range(steps):
        second = gradient(perturbed(variables, gradient(variables), rho, adaptive))
        pairs = enumerate(zip(second, variables, strict=True))
        variables = [base.update(key, g, w, iteration) for key, (g, w) in pairs]
        trajectory.append(variables)
    return trajectory


_BASE = {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True}
CASES = [
    Case("sam", SGD, {}, {}),
    Case("sam", SGD, {"optimizer": {"use": "sgd", **_BASE}, "rho": 0.5, "adaptive": True}, _BASE),
]
