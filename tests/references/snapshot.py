"""NumPy oracle of a copy that is renewed every so many steps; training does not notice."""

from __future__ import annotations

from references.case import Case
from references.training import Array, Processor, Step


class Snapshot(Processor):
    """The variables as they were after the last step whose number is a multiple of `period`."""

    def __init__(self, period: int = 100) -> None:
        self.period, self.iteration = period, 0

    def start(self, variables: dict[int, Array]) -> None:
        self.snapshot = dict(variables)

    def post_step(self, step: Step) -> None:
        if (step.iteration + 1) % self.period == 0:
            self.snapshot, self.iteration = dict(step.variables), step.iteration + 1


CASES = [Case("snapshot", Snapshot, fields) for fields in ({}, {"period": 3})]
