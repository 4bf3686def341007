"""NumPy float64 oracle of Lookahead.

Zhang, Lucas, Hinton and Ba 2019, "Lookahead Optimizer: k steps forward, 1 step back": Algorithm 1.
"""

from __future__ import annotations

from references.case import Case
from references.training import Array, Processor, Scalar, Step, at


class Lookahead(Processor):
    """After each k steps ``slow <- slow + alpha (fast - slow)`` and ``fast <- slow``, for every variable."""

    def __init__(self, sync_period: int = 6, slow_step_size: Scalar = 0.5) -> None:
        self.sync_period, self.slow_step_size = sync_period, slow_step_size
        self.slow: dict[int, Array] = {}

    def start(self, variables: dict[int, Array]) -> None:
        self.slow = dict(variables)

    def post_step(self, step: Step) -> None:
        if (step.iteration + 1) % self.sync_period == 0:
            size = at(self.slow_step_size, step.iteration)
            for key, fast in step.variables.items():
                self.slow[key] = self.slow[key] + size * (fast - self.slow[key])
            step.variables.update(self.slow)


CASES = [
    Case("lookahead", Lookahead, form)
    for form in ({}, {"sync_period": 1, "slow_step_size": 0.8}, {"slow_step_size": 0.0})
]
