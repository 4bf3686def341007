"""Building without creating: what state there would be, by name, shape and dtype."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import tensorflow as tf

__all__ = ["Planned", "plan_only", "planning"]

_planning: ContextVar[bool] = ContextVar("optiplug_planning", default=False)


class Planned:
    """Stands for a state variable that has not been created."""

    def __init__(self, name: str, shape: Any, dtype: Any) -> None:
        self.name, self.shape, self.dtype = name, tf.TensorShape(shape), tf.as_dtype(dtype)

    def assign(self, value: Any) -> Planned:
        """Ignore a value that `build` puts into fresh state."""
        return self


@contextmanager
def plan_only() -> Iterator[None]:
    """Let every state variable that is added in this context be planned only."""
    token = _planning.set(True)
    try:
        yield
    finally:
        _planning.reset(token)


def planning() -> bool:
    """Whether variables are planned only."""
    return _planning.get()
