"""Dry runs: state is planned by name, shape and dtype, and not created."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import tensorflow as tf

from optiplug._types import DType, Shape, Tensor

__all__ = ["Planned", "dry_run", "dry_running"]

# Not an argument: `build` of a plugin knows nothing of dry runs. A ContextVar keeps threads apart.
_dry_running: ContextVar[bool] = ContextVar("optiplug_dry_running", default=False)


class Planned:
    """A state variable that is planned and not created; each replica would hold one of the shape `held`."""

    def __init__(
        self, name: str, shape: Sequence[int] | Shape, dtype: DType, held: Shape | None = None
    ) -> None:
        self.name, self.shape, self.dtype = name, tf.TensorShape(shape), tf.as_dtype(dtype)
        self.held = self.shape if held is None else held

    def assign(self, value: Tensor) -> Planned:
        """Ignore a value that a `build` assigns to new state."""
        return self


@contextmanager
def dry_run() -> Iterator[None]:
    """Plan every state variable that is added in this context, and create none."""
    token = _dry_running.set(True)
    try:
        yield
    finally:
        _dry_running.reset(token)


def dry_running() -> bool:
    """Whether variables are planned only."""
    return _dry_running.get()
