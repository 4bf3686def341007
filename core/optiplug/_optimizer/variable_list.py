"""The variables of an optimizer, as they are read and called."""

from __future__ import annotations

from optiplug._types import Variable

__all__ = ["VariableList"]


class VariableList(list[Variable]):
    """A list that returns itself when called: `variables` is a method in older code."""

    def __call__(self) -> VariableList:
        return self
