"""NumPy float64 oracle of the projection on weights of norm 1: ``w / (|w| + epsilon)``."""

from __future__ import annotations

from references.case import SHAPES, Case
from references.max_norm import length, per_unit
from references.training import Processor, Step


class UnitNorm(Processor):
    """Weights of a unit, along all axes but the last or along `axis`, are divided by their norm."""

    def __init__(self, axis: int | tuple[int, ...] | None = None, epsilon: float = 1e-7) -> None:
        self.axis, self.epsilon = axis, epsilon

    def post_step(self, step: Step) -> None:
        for key in step.keys:
            variable = step.variables[key]
            step.variables[key] = per_unit(variable, self.axis, lambda w: w / (length(w) + self.epsilon))


_MATRICES = ((4, 3), (2, 3, 4), (0, 3))
CASES = [
    Case("unit_norm", UnitNorm, {}, shapes=(*SHAPES, *_MATRICES)),
    Case("unit_norm", UnitNorm, {"axis": 0, "epsilon": 0.1}, shapes=(*_MATRICES, (5,), (0,))),
    Case("unit_norm", UnitNorm, {"axis": (0, -1)}, shapes=_MATRICES),
]
