"""NumPy float64 oracle of loss scaling.

Micikevicius et al. 2018, "Mixed Precision Training", section 3.2: gradients are divided by the
factor of the loss, a step that overflowed is left out, and the factor adapts.
"""

from __future__ import annotations

import numpy as np

from references.case import Case
from references.training import Array, Processor, Step


class LossScale(Processor):
    """``g / scale``; the scale falls after an overflow and grows after many calls without one."""

    def __init__(
        self,
        initial_scale: float = 2.0**15,
        dynamic: bool = True,
        dynamic_growth_steps: int = 2000,
        multiplier: float = 2.0,
        minimum: float = 1.0,
    ) -> None:
        self.scale, self.good_steps = initial_scale, 0
        self.dynamic, self.growth_steps = dynamic, dynamic_growth_steps
        self.multiplier, self.minimum = multiplier, minimum

    def gate(self, gradients: list[Array], step: Step) -> tuple[list[Array], bool]:
        unscaled = [gradient / self.scale for gradient in gradients]
        finite = all(bool(np.isfinite(gradient).all()) for gradient in unscaled)
        if self.dynamic:
            self.adapt(finite)
        return unscaled, finite

    def adapt(self, finite: bool) -> None:
        if not finite:
            self.scale, self.good_steps = max(self.scale / self.multiplier, self.minimum), 0
            return
        self.good_steps += 1
        if self.good_steps >= self.growth_steps:
            grown = self.scale * self.multiplier
            self.scale = grown if grown <= np.finfo(np.float32).max else self.scale
            self.good_steps = 0


CASES = [
    Case("loss_scale", LossScale, fields)
    for fields in (
        {},
        {"initial_scale": 2.0, "dynamic_growth_steps": 7},
        {"initial_scale": 0.5, "minimum": 0.25, "dynamic_growth_steps": 5, "multiplier": 1.5},
        {"initial_scale": 3.0, "dynamic": False},
    )
]
