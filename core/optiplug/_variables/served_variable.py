"""Variables on parameter servers, which other workers change while a step is computed."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import DType, Shape, Tensor, Variable

from .variable_like import VariableLike

__all__ = ["ServedVariable"]


class ServedVariable(VariableLike):
    """A variable as one trace of a step sees it: read once, and changed by what the step has changed.

    What is assigned was computed from the value that was read, and other workers may have assigned theirs
    since. So the difference is added to the value that there is by then. What is no sum, such as a flag or
    the scale of a loss, is not `added`: it is assigned, and the last one counts.
    """

    def __init__(self, variable: Variable, path: str, *, added: bool) -> None:
        self._variable, self._path = variable, path
        self.shape: Shape = variable.shape
        self.dtype: DType = variable.dtype
        self._added = added and _can_be_added(variable.dtype)
        self._start: Tensor | None = None
        self._start_of_rows: Tensor | None = None

    def __repr__(self) -> str:
        return f"<ServedVariable {self.path!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def path(self) -> str:
        """The path of the variable."""
        return self._path

    @property
    def _kept(self) -> Variable:
        return self._variable

    def read_value(self) -> Tensor:
        """Return the value that this trace has read."""
        if self._start is None:
            with distribution.beside(self._variable):
                self._start = tf.identity(tf.convert_to_tensor(self._variable))
        return self._start

    def sparse_read(self, indices: Tensor, name: str | None = None) -> Tensor:
        """Return some of the rows, and keep them: `scatter_update` has to get the same."""
        with distribution.beside(self._variable):
            self._start_of_rows = tf.gather(self._variable, indices)
        return self._start_of_rows

    def numpy(self) -> npt.NDArray[Any]:
        """Return the value as a NumPy array."""
        value: npt.NDArray[Any] = self._variable.numpy()
        return value

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> ServedVariable:
        """Add what `value` differs from the value that was read."""
        if self._added:
            self._variable.assign_add(value - self.read_value(), read_value=False)
        else:
            self._variable.assign(value, read_value=False)
        return self

    def scatter_update(
        self, sparse_delta: tf.IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> ServedVariable:
        """Add what rows differ from those that `sparse_read` has returned, of which these are the first."""
        values, indices = sparse_delta.values, sparse_delta.indices
        if self._added and self._start_of_rows is not None:
            changes = values - self._start_of_rows[: tf.shape(indices)[0]]
            self._variable.scatter_add(tf.IndexedSlices(changes, indices))
        else:
            self._variable.scatter_update(sparse_delta)
        return self


def _can_be_added(dtype: DType) -> bool:
    return bool(dtype.is_floating or dtype.is_complex or dtype in (tf.int32, tf.int64))
