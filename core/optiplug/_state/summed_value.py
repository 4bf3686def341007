"""State of which each replica has a summand: it is read, assigned and saved as the sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._tf_private import CheckpointValue
from optiplug._types import DType, Shape, Tensor, Variable
from optiplug._variables.packing import PackSegment, assign_all
from optiplug._variables.variable_like import VariableLike
from optiplug.errors import BuildError, StateError

from .dry_run import Planned
from .gathering import Gathering
from .slot_spec import SlotSpec

__all__ = ["SummedValue", "Sums"]

_SPREAD = "what each worker holds back of its own can only be read by all workers together"


class SummedValue(VariableLike, CheckpointValue):
    """The sum of what all replicas have in a state variable of their own.

    Where replicas are in several processes, all of these have to read it together while `holds` says that any
    has something; at other times each element is `nothing` everywhere, which counts for nothing in the sum.
    """

    def __init__(
        self,
        own: Variable | PackSegment,
        path: str,
        nothing: float,
        holds: Callable[[], bool],
        gathering: Sums,
    ) -> None:
        self.own, self._path, self.nothing, self.holds = own, path, nothing, holds
        self.shape: Shape = own.shape
        self.dtype: DType = own.dtype
        self._gathering = gathering

    def __repr__(self) -> str:
        return f"<SummedValue {self.path!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def path(self) -> str:
        """The path of the state that it is."""
        return self._path

    @property
    def _kept(self) -> Variable:
        return self.own.whole if isinstance(self.own, PackSegment) else self.own

    @property
    def place(self) -> Variable:
        """The variable in memory, which has a component on each device."""
        return self._kept

    @property
    def saved_dtype(self) -> DType:
        """The dtype that a checkpoint has."""
        return self.dtype

    @property
    def device(self) -> str:
        """The device of the first summand in this process."""
        return str(distribution.local_shares(self._kept)[0].device)

    @property
    def summands(self) -> list[Variable | PackSegment]:
        """What the replicas of this process have."""
        own = distribution.local_shares(self._kept)
        return [self.own.of(each) for each in own] if isinstance(self.own, PackSegment) else list(own)

    def read_value(self) -> Tensor:
        """Return the current value as a tensor."""
        return _together([self])[0]

    def numpy(self) -> npt.NDArray[Any]:
        """Return the value as a NumPy array."""
        value: npt.NDArray[Any] = self.read_value().numpy()
        return value

    @property
    def reader(self) -> Callable[[], Tensor]:
        """What returns the value, for one save, together with those of all such state."""
        return self._gathering.later(self)

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> SummedValue:
        """Replace the value: the first replica of all has it, and the others nothing."""
        self.restore_all([(self, tf.convert_to_tensor(value, self.dtype))])
        return self

    def restore(self, value: Tensor) -> SummedValue:
        """Take the value that a checkpoint holds."""
        return self.assign(value)

    @classmethod
    def restore_all(cls, values: Iterable[tuple[SummedValue, Tensor]]) -> None:
        """Let each take its value, and assign joined variables once."""
        assign_all(
            (own, tf.ensure_shape(value, each.shape) if index == 0 else tf.fill(each.shape, each.neutral))
            for each, value in values
            for own, index in zip(
                each.summands, distribution.replica_indices(each.place, len(each.summands)), strict=True
            )
        )

    @property
    def neutral(self) -> Tensor:
        """What counts for nothing in the sum, as a scalar."""
        return tf.constant(self.nothing, self.dtype)

    def counted(self) -> list[tuple[Tensor, Tensor]]:
        """Return for each replica of this process its summand, 0 for nothing, and whether it has any."""
        values = [each.read_value() for each in self.summands]
        has = [tf.not_equal(each, self.neutral) for each in values]
        return [
            (tf.where(any_, each, tf.zeros_like(each)), tf.cast(tf.reduce_any(any_), tf.float32))
            for any_, each in zip(has, values, strict=True)
        ]


class Sums(Gathering[SummedValue]):
    """All such state of one optimizer; `state` returns the variable of a state by name."""

    def __init__(self, state: Callable[[str], Variable]) -> None:
        super().__init__(_together)
        self._state = state

    def seen_as(
        self, spec: SlotSpec, name: str, own: Variable | PackSegment | Planned
    ) -> Variable | PackSegment | Planned | SummedValue:
        """Return what a state variable is outside of steps: the sum over replicas, or itself.

        Raises
        ------
        BuildError
            If it is to be a sum, and does not begin as a number.
        """
        counter, place = spec.summed_while, own.whole if isinstance(own, PackSegment) else own
        if counter is None or isinstance(own, Planned) or distribution.replicas(place) == 1:
            return own
        if not isinstance(spec.initial, int | float):
            raise BuildError("what is summed over replicas must begin as a number", where=name)
        holds = partial(self._is_counting, counter)
        return self.add(SummedValue(own, name, float(spec.initial), holds, self))

    def require_whole(self) -> None:
        """Refuse to look at variables in memory while they are summands.

        Raises
        ------
        StateError
            If any replica holds something back.
        """
        held = [each.path for each in self if each.holds()]
        if held:
            raise StateError(
                "a SavedModel cannot have what each replica holds back of its own",
                where=held[0],
                hint="export it after the last call of a step, when nothing is held",
            )

    def _is_counting(self, counter: str) -> bool:
        with tf.init_scope():  # also while a save is traced
            return bool(self._state(counter).numpy() != 0)


def _together(states: Sequence[SummedValue]) -> list[Tensor]:
    """Return the values of states; with several processes by one collective for each dtype."""
    if not states[0].holds():
        return [each.summands[0].read_value() for each in states]
    place = states[0].place
    spans = distribution.spans_processes(place)
    if spans:
        distribution.require_all_workers(place, _SPREAD)
    alike: defaultdict[DType, list[SummedValue]] = defaultdict(list)
    for each in states:
        alike[each.dtype].append(each)
    sums: dict[int, Tensor] = {}
    for some in alike.values():
        sums |= zip(map(id, some), _sums(some, spans=spans), strict=True)
    return [sums[id(each)] for each in states]


def _sums(states: Sequence[SummedValue], *, spans: bool) -> list[Tensor]:
    # By device: one vector of all elements, and one of what states there is anything of.
    counted = zip(*(each.counted() for each in states), strict=True)
    own = [
        [tf.concat([tf.reshape(value, [-1]) for value, _ in device], 0), tf.stack([has for _, has in device])]
        for device in counted
    ]
    if spans:
        vector, has = distribution.summed(states[0].place, own)[0]
    else:
        vector, has = (tf.add_n(list(each)) for each in zip(*own, strict=True))
    pieces = tf.split(vector, [each.shape.num_elements() for each in states])
    return [
        tf.where(has[number] > 0, tf.reshape(piece, each.shape), each.neutral)
        for number, (each, piece) in enumerate(zip(states, pieces, strict=True))
    ]
