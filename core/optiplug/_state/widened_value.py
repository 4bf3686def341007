"""State that is kept in a wider dtype than that in which earlier versions saved it."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from optiplug._tf_private import CheckpointNode, CheckpointValue, Trackable, track
from optiplug._types import DType, Tensor, Variable
from optiplug._variables.packing import PackSegment

from .manifest import WIDENED
from .restoration import Restoration
from .sharded_state import ShardedState
from .summed_value import SummedValue

__all__ = ["StateNode", "WidenedValue"]


class WidenedValue(CheckpointValue):
    """A state variable as checkpoints see it: saved as it is, restored from either dtype.

    TensorFlow restores a value only in the dtype that a checkpoint has, so the two have different
    names there, and the one that it asks for tells the dtype.
    """

    def __init__(self, variable: Variable | PackSegment | ShardedState, path: str, narrow: DType) -> None:
        self._variable, self._path, self.narrow = variable, path, narrow
        self.reads_narrow = False

    @property
    def path(self) -> str:
        """The path of the state."""
        return self._path

    def read_value(self) -> Tensor:
        """Return the value in the dtype that TensorFlow reads."""
        return self._as_read(self._variable.read_value())

    @property
    def reader(self) -> Callable[[], Tensor]:
        """What returns that, for one save."""
        variable = self._variable
        read = variable.reader if isinstance(variable, CheckpointValue) else variable.read_value
        return lambda: self._as_read(read())

    def _as_read(self, value: Tensor) -> Tensor:
        value = tf.convert_to_tensor(value)
        return tf.cast(value, self.narrow) if self.reads_narrow else value

    @property
    def saved_dtype(self) -> DType:
        """The dtype that TensorFlow reads."""
        return self.narrow if self.reads_narrow else self._variable.dtype

    @property
    def device(self) -> str:
        """The device of the variable."""
        return str(self._variable.device)

    def restore(self, value: Tensor) -> Variable | PackSegment | ShardedState:
        """Take the value that a checkpoint holds."""
        self.reads_narrow = False
        return self._variable.assign(tf.cast(value, self._variable.dtype))


class StateNode(CheckpointNode):
    """What a checkpoint holds of a table of state: a variable by each name.

    `restoration` tells the names in the checkpoint that was restored last.
    """

    restoration: Restoration | None = None

    def __init__(self) -> None:
        super().__init__()
        self._widened: set[str] = set()

    def saved_name(self, name: str) -> str | None:
        """Return the name that a state variable has in the checkpoint that is restored."""
        if self.restoration is None:
            return name
        saved = _translated(name, self.restoration.saved_name)
        # It was kept beside a narrower variable there.
        ends = name not in self._widened and not name.endswith(WIDENED)
        return f"{saved}{WIDENED}" if ends and saved in self.restoration.widened else saved

    def present_name(self, saved_name: str) -> str | None:
        """Return the name of the state variable that has this one in the checkpoint."""
        if self.restoration is None:
            return saved_name
        name = _translated(saved_name, self.restoration.present_name)
        plain = None if name is None else name.removesuffix(WIDENED)
        return name if plain in self._widened else plain

    def add(
        self,
        name: str,
        variable: Variable | PackSegment | ShardedState | SummedValue,
        narrow: DType | None,
    ) -> None:
        """Track a variable; `narrow` is the dtype of its values in earlier versions, if it was another."""
        self.former.pop(name, None)
        if narrow is None:
            track(self, name, variable.saved if isinstance(variable, ShardedState) else variable)
            return
        self._widened.add(name)
        value = WidenedValue(variable, name, narrow)
        # What a checkpoint that was read before has under either name is restored at once.
        self._read_as_saved(name, value)
        track(self, name, value)
        value.reads_narrow = False
        track(self, f"{name}{WIDENED}", value)
        self.former[name] = value

    def _read_as_saved(self, name: str, value: WidenedValue) -> None:
        """Read the dtype that a checkpoint has under a name without an ending."""
        known = None if self.restoration is None else self.restoration.state.get(name)
        value.reads_narrow = known is None or known[0] == value.narrow.name

    def forget(self, name: str, variable: Variable) -> None:
        """Leave a variable out from now on."""
        self.former[name] = variable

    def find_former(self, name: str) -> Trackable | None:
        """Return the variable of a former name, to be read in the dtype that it has there."""
        value = self.former.get(name)
        if isinstance(value, WidenedValue):
            self._read_as_saved(name, value)
        return value


def _translated(name: str, translate: Callable[[str], str | None]) -> str | None:
    ending = WIDENED if name.endswith(WIDENED) else ""
    other = translate(name.removesuffix(WIDENED))
    return None if other is None else f"{other}{ending}"
