"""The state of a variable that is split up over parameter servers, as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import DType, Shape, Tensor, Variable
from optiplug._variables.model_variables import Whole
from optiplug._variables.variable_like import VariableLike
from optiplug.errors import BuildError

from .dry_run import Planned

__all__ = ["ShardedState", "joined_state"]


class ShardedState(VariableLike):
    """State variables of all shards of a variable: its name, its value and its place in checkpoints are one.

    So names, reports and checkpoints know nothing of shards, and how many there are may differ from one run
    to the next. A step knows each of them by itself.
    """

    def __init__(self, shards: Sequence[Variable], shape: Shape, path: str) -> None:
        self.shards, self.shape, self._path = tuple(shards), shape, path
        self.dtype: DType = self.shards[0].dtype
        self.saved = distribution.as_whole(self.shards)
        """What TensorFlow saves, each shard where it is, and restores from any number of them."""

    def __repr__(self) -> str:
        return f"<ShardedState {self.path!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def path(self) -> str:
        """The path of the state."""
        return self._path

    @property
    def _kept(self) -> None:
        return None

    @property
    def trainable(self) -> bool:
        """False: it is state."""
        return False

    def ref(self) -> Any:
        """Return a hashable reference."""
        return tf.Variable.ref(self)

    def read_value(self) -> Tensor:
        """Return the whole value as a tensor."""
        return tf.concat([each.read_value() for each in self.shards], 0)

    def numpy(self) -> npt.NDArray[Any]:
        """Return the whole value as a NumPy array."""
        return np.concatenate([each.numpy() for each in self.shards])

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> ShardedState:
        """Replace the value, each shard by its own rows."""
        value = tf.ensure_shape(tf.convert_to_tensor(value, self.dtype), self.shape)
        for shard, rows in zip(
            self.shards, tf.split(value, [each.shape[0] for each in self.shards]), strict=True
        ):
            shard.assign(rows, read_value=False)
        return self


def joined_state(name: str, whole: Whole, shards: Sequence[Variable | Planned]) -> ShardedState | Planned:
    """Return the state of a whole variable, given that of its shards.

    Raises
    ------
    BuildError
        If it has not the shape of its variable, so that it is not the rows of anything.
    """
    for own, shard in zip(shards, whole.shards, strict=True):
        if own.shape != shard.shape:
            raise BuildError(
                f"the state of a variable that is split up must have its shape, not so of {whole.path!r}",
                where=name,
                received=f"{own.shape} for a shard of {shard.shape}",
                hint="keep the variable whole: `variable_partitioner` may return 1 for it",
            )
    if isinstance(shards[0], Planned):
        return Planned(name, whole.shape, shards[0].dtype)
    return ShardedState(shards, whole.shape, name)
