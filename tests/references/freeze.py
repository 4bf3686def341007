"""NumPy float64 oracle of frozen variables: zero for gradient and update at some steps."""

from __future__ import annotations

import numpy as np

from references.case import Case
from references.training import Array, Processor, Step


class Freeze(Processor):
    """All variables stay as they are while ``since <= iteration < until``."""

    def __init__(self, until: int | None = None, since: int = 0) -> None:
        self.frozen = range(since, until or 10**9)

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        return list(map(np.zeros_like, gradients)) if step.iteration in self.frozen else gradients

    def update(self, updates: list[Array], step: Step) -> list[Array]:
        return list(map(np.zeros_like, updates)) if step.iteration in self.frozen else updates


FORMS = ({}, {"until": 20}, {"since": 30}, {"until": 40, "since": 10})
CASES = [Case("freeze", Freeze, form) for form in FORMS]
