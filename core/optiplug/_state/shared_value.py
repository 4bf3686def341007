"""State of which each replica keeps a share: it is read, assigned and saved as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import DType, Tensor, Variable
from optiplug._variables.packing import PackSegment
from optiplug._variables.share import Share

from .gathering import Gathering

__all__ = ["SharedValue", "read_together"]


_SPREAD = "sharded state can only be read by all workers together, as each has a share of it"


class SharedValue(PackSegment):
    """All elements of a state, of which `whole` has on each device the share of its replica.

    Where replicas are in several processes, all of these have to read it together.
    """

    def __init__(self, whole: Variable, pack: Share, path: str, gathering: Gathering[SharedValue]) -> None:
        super().__init__(whole, pack, 0, pack.member.shape, path)
        self.share, self._gathering = pack, gathering

    def __repr__(self) -> str:
        return f"<SharedValue {self.path!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def segment(self) -> None:
        """Nothing: no variable has all of its elements."""
        return

    @property
    def device(self) -> str:
        """The device of the first share in this process."""
        return str(distribution.local_shares(self.whole)[0].device)

    def read_value(self) -> Tensor:
        """Return the current value as a tensor."""
        return read_together([self])[0]

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> SharedValue:
        """Replace the value: in each process the shares of its own replicas."""
        value = tf.ensure_shape(tf.convert_to_tensor(value, self.dtype), self.shape)
        shares = distribution.local_shares(self.whole)
        indices = distribution.replica_indices(self.whole, len(shares))
        for own, index in zip(shares, indices, strict=True):
            own.assign(self.share.of(value, index), read_value=False)
        return self

    @classmethod
    def restore_all(cls, values: Iterable[tuple[PackSegment, Tensor]]) -> None:
        """Let each take its value."""
        for each, value in values:
            each.assign(value)

    def of(self, whole: Variable) -> SharedValue:
        """Return the same state of another variable."""
        return SharedValue(whole, self.share, self.path, self._gathering)

    @property
    def reader(self) -> Callable[[], Tensor]:
        """What returns the value, for one save, together with those of all shared state."""
        return self._gathering.later(self)


def read_together(states: Sequence[SharedValue]) -> list[Tensor]:
    """Return the values of states; with several processes by one collective for each dtype."""
    if not distribution.spans_processes(states[0].whole):
        return [each.share.whole(_joined(distribution.local_shares(each.whole))) for each in states]
    distribution.require_all_workers(states[0].whole, _SPREAD)
    alike: defaultdict[DType, list[SharedValue]] = defaultdict(list)
    for each in states:
        alike[each.dtype].append(each)
    values: dict[int, Tensor] = {}
    for some in alike.values():
        values |= zip(map(id, some), _all(some), strict=True)
    return [values[id(each)] for each in states]


def _all(states: Sequence[SharedValue]) -> list[Tensor]:
    devices = zip(*(distribution.local_shares(each.whole) for each in states), strict=True)
    rows = distribution.gathered(
        states[0].whole, [[tf.convert_to_tensor(each) for each in own] for own in devices]
    )[0]
    return [each.share.whole(own) for each, own in zip(states, rows, strict=True)]


def _joined(shares: Sequence[Variable]) -> Tensor:
    return tf.concat([tf.convert_to_tensor(each) for each in shares], 0)
