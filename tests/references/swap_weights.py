"""NumPy float64 oracle of averages beside the variables, with a late start and a growing momentum."""

from __future__ import annotations

from references.case import Case
from references.training import Array, Processor, Scalar, Step, at


class SwapWeights(Processor):
    """``a <- w`` before the start, then ``a <- m a + (1 - m) w``; training does not notice."""

    def __init__(self, momentum: Scalar = 0.99, start_step: int = 0, dynamic_decay: bool = False) -> None:
        self.momentum, self.start_step, self.dynamic_decay = momentum, start_step, dynamic_decay

    def start(self, variables: dict[int, Array]) -> None:
        self.average = dict(variables)

    def post_step(self, step: Step) -> None:
        since = step.iteration - self.start_step
        momentum = at(self.momentum, step.iteration)
        if self.dynamic_decay:
            momentum = min(momentum, (1 + since) / (10 + since)) if since >= 0 else 0.0
        if since < 0:
            momentum = 0.0
        for key, variable in step.variables.items():
            self.average[key] = momentum * self.average[key] + (1 - momentum) * variable


CASES = [
    Case("swap_weights", SwapWeights, fields) for fields in ({}, {"start_step": 20, "dynamic_decay": True})
]
