"""NumPy float64 oracle of gradients at a right angle to their variables.

Prieto, Barsbey, Mediano and Birdal 2025, "Grokking at the Edge of Numerical Stability": the
projection of the gradient, with the norm of the gradient as in the authors' code.
"""

from __future__ import annotations

import numpy as np

from references.case import SHAPES, Case
from references.training import Array, Processor, Step, norm


class OrthoGrad(Processor):
    """The part of each gradient across its variable, as long as the gradient was."""

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        pairs = zip(gradients, step.keys, strict=True)
        return [self.turned(gradient, step.variables[key]) for gradient, key in pairs]

    @staticmethod
    def turned(gradient: Array, variable: Array) -> Array:
        if gradient.size < 2 or not norm([variable]) or not norm([gradient]):
            return gradient
        w, g = variable.ravel(), gradient.ravel()
        rest = g - (w @ g) / (w @ w) * w
        return np.asarray(rest / norm([rest]) * norm([g])).reshape(gradient.shape)


CASES = [Case("orthograd", OrthoGrad, shapes=(*SHAPES, (1,), (2, 3, 4)))]
