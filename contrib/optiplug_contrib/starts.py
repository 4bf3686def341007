"""Where variables started, for optimizers whose steps depend on how far that is."""

from __future__ import annotations

from typing import Any

from optiplug import Optimizer

__all__ = ["add_start"]


def add_start(optimizer: Optimizer, name: str) -> Any:
    """Return a slot with a copy of each variable, in the dtype of the variable whatever `state_dtype`.

    A rounded start would be another start, and variables would be drawn to it.
    """
    return optimizer.add_slot(name, initial="variable", dtype=_own_dtype)


def _own_dtype(variable: Any) -> Any:
    return variable.dtype
