"""NumPy float64 oracle of the bound on the norm of each unit's weights.

Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
section 5.1: the incoming weights w of each unit are kept within |w| <= c by projection.
"""

from __future__ import annotations

import math

import numpy as np

from references.case import SHAPES, Case
from references.training import Array, Processor, Scalar, Step, at


class MaxNorm(Processor):
    """Weights of a unit, along all axes but the last or along `axis`, are scaled down to the bound."""

    def __init__(self, max_value: Scalar = 2.0, axis: int | tuple[int, ...] | None = None) -> None:
        self.max_value, self.axis = max_value, axis

    def post_step(self, step: Step) -> None:
        bound = at(self.max_value, step.iteration)
        for key in step.keys:
            variable = step.variables[key]
            step.variables[key] = per_unit(variable, self.axis, lambda w: w * min(1.0, bound / length(w)))


def length(weights: Array) -> float:
    """Return the norm, summed up without a rounding error to speak of; never quite 0."""
    return max(math.sqrt(math.fsum(float(each) ** 2 for each in weights)), 1e-300)


def per_unit(variable: Array, axis: int | tuple[int, ...] | None, function: object) -> Array:
    """Apply a function to the weights of each unit by themselves."""
    axes = range(variable.ndim - 1) if axis is None else [axis] if isinstance(axis, int) else axis
    inside = [each % variable.ndim for each in axes]
    if not inside or not variable.size:
        return variable
    rest = [each for each in range(variable.ndim) if each not in inside]
    order = [*rest, *inside]
    moved = np.transpose(variable, order)
    units = moved.reshape(math.prod(moved.shape[: len(rest)]), -1)
    done = np.stack([np.asarray(function(unit)) for unit in units])  # type: ignore[operator]
    return np.transpose(done.reshape(moved.shape), np.argsort(order))


_SHAPES = (*SHAPES, (2, 3, 4), (0, 3))
_MATRICES = ((4, 3), (2, 3, 4), (0, 3))
CASES = [
    Case("max_norm", MaxNorm, {}, shapes=_SHAPES),
    Case("max_norm", MaxNorm, {"max_value": 0.5}, shapes=_SHAPES),
    Case("max_norm", MaxNorm, {"max_value": 0.5, "axis": 0}, shapes=(*_MATRICES, (5,), (0,))),
    Case("max_norm", MaxNorm, {"max_value": 0.5, "axis": (-1, 0)}, shapes=_MATRICES),
]
