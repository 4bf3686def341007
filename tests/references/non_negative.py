"""NumPy float64 oracle of the projection on the non-negative numbers."""

from __future__ import annotations

import numpy as np

from references.case import Case
from references.training import Processor, Step


class NonNegative(Processor):
    """``w <- w`` where it is 0 or above, else 0, for variables with a gradient."""

    def post_step(self, step: Step) -> None:
        for key in step.keys:
            variable = step.variables[key]
            step.variables[key] = np.where(variable >= 0, variable, 0.0)


CASES = [Case("non_negative", NonNegative)]
