"""State as plugins hold it: one variable for each slot and variable of the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import DType, Shape, Tensor, Variable
from optiplug._variables.capture import Working, current_frame
from optiplug._variables.model_variables import unwrapped
from optiplug._variables.packing import PackSegment, VariableOrPack
from optiplug._variables.variable_like import VariableLike
from optiplug.errors import BuildError

from .sharded_state import ShardedState
from .shared_value import SharedValue
from .summed_value import SummedValue

__all__ = ["Slot", "State"]


class State(VariableLike):
    """One state variable, as `add_state` returns it.

    While a step is traced, it reads and assigns the working value of that step; at any other time the
    variable itself. TensorFlow functions and operators accept it as a tensor. `path` is its name in
    checkpoints, `name` that of a `tf.Variable` of this path and `variable` the tf.Variable.

    Examples
    --------
    >>> import optiplug, tensorflow as tf
    >>> optimizer = optiplug.create("sgd", learning_rate=0.5)
    >>> optimizer.build([tf.Variable(1.0)])
    >>> rate = optimizer.state.states["learning_rate"]
    >>> rate.path, float(rate.value), float(rate.assign(0.25).value)
    ('learning_rate', 0.5, 0.25)
    """

    def __init__(self, variable: Variable | PackSegment | ShardedState | SummedValue, path: str) -> None:
        self._sum = variable if isinstance(variable, SummedValue) else None
        self.variable, self._path = variable.own if isinstance(variable, SummedValue) else variable, path

    def __repr__(self) -> str:
        return f"<State {self.path!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def _now(self) -> Variable | PackSegment | ShardedState | SummedValue | Working:
        frame = current_frame()
        return self._outside if frame is None else frame.working(self.variable)

    @property
    def _outside(self) -> Variable | PackSegment | ShardedState | SummedValue:
        """What has the value outside of a step."""
        return self.variable if self._sum is None else self._sum

    @property
    def path(self) -> str:
        """The name in checkpoints."""
        return self._path

    @property
    def _kept(self) -> Variable | PackSegment | ShardedState:
        return self.variable

    def read_value(self) -> Tensor:
        """Return the current value as a tensor."""
        return self._now.read_value()

    @property
    def dtype(self) -> DType:
        """The dtype: of the variable, or inside a step the one to compute in."""
        return self._now.dtype

    @property
    def shape(self) -> Shape:
        """The static shape."""
        return self.variable.shape

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> State:
        """Replace the value."""
        frame, value = current_frame(), tf.cast(value, self.dtype)
        if frame is None:
            # A value may have to be copied to a mesh first.
            distribution.assign(self._outside, value)
        else:
            frame.working(self.variable).assign(value)
        return self

    @property
    def components(self) -> list[Variable | PackSegment]:
        """The variable of each device of this process, where state is sharded the share of its replica."""
        if isinstance(self.variable, ShardedState):
            return list(self.variable.shards)
        if isinstance(self.variable, SharedValue):
            return list(distribution.local_shares(self.variable.whole))
        if isinstance(self.variable, PackSegment):
            return [self.variable.of(own) for (own,) in distribution.components([self.variable.whole])]
        return [own for (own,) in distribution.components([self.variable])]

    @property
    def _has_array(self) -> bool:
        return current_frame() is None and tf.executing_eagerly()

    def numpy(self) -> npt.NDArray[Any]:
        """Return the value as a NumPy array (outside of a step)."""
        now = self._now
        if isinstance(now, Working):
            return now.numpy()
        value: npt.NDArray[Any] = distribution.numpy(self._outside)
        return value


class Slot:
    """One state variable for each model variable, as `add_slot` returns it: ``slot[variable]``.

    Inside a step ``slot[variable]`` is a `Working`, outside of it a `State`. ``variable in slot`` tells
    whether a variable has state here, and iteration goes over all state variables. An `exact` slot keeps
    its dtype whatever `state_dtype` is.

    Raises
    ------
    BuildError
        If there is no state for a variable.

    Examples
    --------
    >>> import optiplug, tensorflow as tf
    >>> weight = tf.Variable([1.0, 2.0], name="weight")
    >>> optimizer = optiplug.create("sgd", learning_rate=0.5, momentum=0.9)
    >>> optimizer.build([weight])
    >>> weight in optimizer.momentum, len(optimizer.momentum)
    (True, 1)
    >>> optimizer.momentum[weight].path, optimizer.momentum[weight].numpy().tolist()
    ('momentum/weight', [0.0, 0.0])
    """

    def __init__(self, name: str, *, exact: bool = False) -> None:
        self.name, self.exact = name, exact
        # By `id`: a tf.Variable is not hashable, and a working variable has the id of its variable as `key`.
        self._states: dict[int, State] = {}
        # The state of whole packs, which only a step asks for.
        self._joined: dict[int, State] = {}

    def __getitem__(self, variable: Variable | Working) -> Any:
        key = _key(variable)
        # Not `or`: a state is true or false by its value.
        state = self._states.get(key, self._joined.get(key))
        if state is None:
            raise BuildError(
                f"slot {self.name!r} holds no state for this variable",
                received=getattr(variable, "name", variable),
                hint="build the optimizer with this variable first",
            )
        frame = current_frame()
        if frame is None:
            return state
        working = frame.working(state.variable)
        # State follows its variable: who changes that whether it has a gradient or not, changes this so, too.
        return working.unconditional() if getattr(variable, "always", False) else working

    def __contains__(self, variable: Variable | Working) -> bool:
        return _key(variable) in self._states or _key(variable) in self._joined

    def __iter__(self) -> Iterator[State]:
        """Go over the states; inside a step those that it joins are one."""
        frame = current_frame()
        if frame is None:
            yield from self._states.values()
            return
        # A step that joins variables knows the pack in the place of its members.
        yield from (state for state in self._states.values() if frame.knows(id(state.variable)))
        yield from (state for key, state in self._joined.items() if frame.knows(key))

    def __len__(self) -> int:
        return len(self._states)

    def put(self, variable: Variable, state: State) -> None:
        """Keep the state of a model variable."""
        self._states[id(variable)] = state

    def put_joined(self, operand: VariableOrPack, state: State) -> None:
        """Keep the state of several model variables that a step may treat as one."""
        self._joined[id(operand)] = state


def _key(variable: Variable | Working) -> int:
    # The state is that of the tf.Variable, which a variable of Keras 3 wraps.
    return variable.key if isinstance(variable, Working) else id(unwrapped(variable))
