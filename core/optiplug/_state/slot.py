"""State as plugins hold it: one variable for each slot and variable of the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._variables.capture import Working, current_frame
from optiplug._variables.packing import Pack, Part
from optiplug._variables.tensor_like import TensorLike
from optiplug.errors import BuildError

__all__ = ["Slot", "State"]


class State(TensorLike):
    """One state variable as a plugin holds it.

    While a step is traced it stands for the working value of that step; at any other time for
    the variable itself.
    """

    def __init__(self, variable: Any, name: str) -> None:
        self.variable, self.name = variable, name

    def __repr__(self) -> str:
        return f"<State {self.name!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def _now(self) -> Any:
        frame = current_frame()
        return self.variable if frame is None else frame.working(self.variable)

    @property
    def value(self) -> Any:
        """The current value as a tensor."""
        return self._now.read_value()

    @property
    def dtype(self) -> Any:
        """The dtype: of the variable, or inside a step the one to compute in."""
        return self._now.dtype

    @property
    def shape(self) -> Any:
        """The static shape."""
        return self.variable.shape

    def assign(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> State:
        """Replace the value."""
        frame, value = current_frame(), tf.cast(value, self.dtype)
        if frame is None:
            distribution.assign(self.variable, value)
        else:
            frame.working(self.variable).assign(value)
        return self

    @property
    def components(self) -> list[Any]:
        """The variable of each device of this process."""
        part = self.variable if isinstance(self.variable, Part) else None
        own = distribution.components([part.whole if part else self.variable])
        return [part.of(each) if part else each for (each,) in own]

    def numpy(self) -> Any:
        """Return the value as a NumPy array (outside of a step)."""
        return distribution.numpy(self.variable)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.numpy(), dtype)


class Slot:
    """One state variable for each model variable: ``slot[variable]``.

    Inside a step the result is a `Working`, outside of it a `State`. `exact` says that it keeps its
    dtype whatever `state_dtype`.
    """

    def __init__(self, name: str, *, exact: bool = False) -> None:
        self.name, self.exact = name, exact
        self._states: dict[int, State] = {}
        self._packed: dict[int, State] = {}

    def __getitem__(self, variable: Any) -> Any:
        key = variable.key if isinstance(variable, Working) else id(variable)
        state = self._states.get(key) or self._packed.get(key)
        if state is None:
            raise BuildError(
                f"slot {self.name!r} holds no state for this variable",
                received=getattr(variable, "name", variable),
                hint="build the optimizer with this variable first",
            )
        frame = current_frame()
        return state if frame is None else frame.working(state.variable)

    def __contains__(self, variable: Any) -> bool:
        key = variable.key if isinstance(variable, Working) else id(variable)
        return key in self._states or key in self._packed

    def __iter__(self) -> Iterator[State]:
        """Go over the states; inside a step a pack that it joins has one."""
        frame = current_frame()
        joined = {key: state for key, state in self._packed.items() if frame and frame.knows(key)}
        for state in self._states.values():
            if not (isinstance(state.variable, Part) and id(state.variable.pack) in joined):
                yield state
        yield from joined.values()

    def __len__(self) -> int:
        return len(self._states)

    def put(self, variable: Any, state: State) -> None:
        """Keep the state of a model variable."""
        self._states[id(variable)] = state

    def put_packed(self, pack: Pack, state: State | None) -> None:
        """Keep the state of a pack, if there is one of which that of its members is a part."""
        if state is not None:
            self._packed[id(pack)] = state
