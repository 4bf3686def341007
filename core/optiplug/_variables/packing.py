"""Small variables joined to one vector, and the segments of the state that is kept for it.

A variable costs a step as much as some ten thousand elements do, so those that are smaller are
worth joining, where every element is treated alike. Names, checkpoints and reports know only
the segments: how the state is joined may differ from one run to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy.typing as npt
import tensorflow as tf

from optiplug._tf_private import CheckpointValue
from optiplug._types import DType, Shape, Tensor, Variable

from .variable_like import VariableLike

__all__ = ["LARGEST", "MOST", "Pack", "PackSegment", "Packing", "VariableOrPack", "assign_all"]

# Elements of the largest variable that is joined, and members of the fullest pack; both were measured:
# docs/design/performance.md.
LARGEST, MOST = 8_192, 64


class Pack:
    """Variables of one dtype that a step treats as one vector of all their elements.

    It has what a slot and a step ask of a variable: `name`, `shape` and `dtype`.
    """

    def __init__(self, members: Sequence[Variable], name: str) -> None:
        # A tuple: state is laid out by its order.
        self.members, self.name = tuple(members), name
        self.dtype: DType = self.members[0].dtype
        self.sizes = [int(member.shape.num_elements()) for member in self.members]
        self.shape: Shape = tf.TensorShape([sum(self.sizes)])

    def join(self, values: Iterable[Tensor]) -> Tensor:
        """Return one vector of the members' values."""
        # No reshape where none is needed: each is an operation for TensorFlow's executor, which takes most
        # of the time of a step of packs (docs/design/performance.md).
        vectors = [value if value.shape.rank == 1 else tf.reshape(value, [-1]) for value in values]
        return tf.concat(vectors, 0)

    def split(self, vector: Tensor) -> list[Tensor]:
        """Return the members' values out of such a vector."""
        return [
            piece if member.shape.rank == 1 else tf.reshape(piece, member.shape)
            for piece, member in zip(tf.split(vector, self.sizes), self.members, strict=True)
        ]

    def segments(self, whole: Variable, paths: Iterable[str]) -> list[PackSegment]:
        """Return each member's own segment of a variable of the shape of this pack."""
        begin, segments = 0, []
        for path, member, size in zip(paths, self.members, self.sizes, strict=True):
            segments.append(PackSegment(whole, self, begin, member.shape, path))
            begin += size
        return segments


VariableOrPack: TypeAlias = Variable | Pack
"""What a step treats as one variable."""


class PackSegment(VariableLike, CheckpointValue):
    """The elements of a joined variable that belong to one member of a pack.

    It can be read, assigned and saved in checkpoints as a separate variable can.
    """

    def __init__(self, whole: Variable, pack: Pack, begin: int, shape: Shape, path: str) -> None:
        self.whole, self.pack, self.begin = whole, pack, begin
        self.shape, self._path = tf.TensorShape(shape), path
        self.dtype: DType = whole.dtype
        self.end = begin + int(self.shape.num_elements())

    def __repr__(self) -> str:
        return f"<PackSegment {self.path!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def path(self) -> str:
        """The path of the state that it is."""
        return self._path

    @property
    def segment(self) -> tuple[Variable, int]:
        """The joined variable, and where this one begins in it."""
        return self.whole, self.begin

    @property
    def saved_dtype(self) -> DType:
        """The dtype that a checkpoint has."""
        return self.dtype

    @property
    def _kept(self) -> Variable:
        return self.whole

    def ref(self) -> Any:
        """Return a hashable reference of this segment."""
        return tf.Variable.ref(self)

    def read_value(self) -> Tensor:
        """Return the current value as a tensor."""
        return tf.reshape(self.whole.read_value()[self.begin : self.end], self.shape)

    def numpy(self) -> npt.NDArray[Any]:
        """Return the value as a NumPy array."""
        value: npt.NDArray[Any] = self.read_value().numpy()
        return value

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> PackSegment:
        """Replace the value."""
        assign_all([(self, tf.convert_to_tensor(value, self.dtype))])
        return self

    def restore(self, value: Tensor) -> Any:
        """Take the value that a checkpoint holds."""
        return self.assign(value)

    @classmethod
    def restore_all(cls, values: Iterable[tuple[PackSegment, Tensor]]) -> None:
        """Let segments take their values, and assign each joined variable once."""
        assign_all(values)

    def of(self, whole: Variable) -> PackSegment:
        """Return the same segment of another variable: of one device's own."""
        return PackSegment(whole, self.pack, self.begin, self.shape, self.path)


def assign_all(values: Iterable[tuple[Variable | PackSegment, Tensor]]) -> None:
    """Assign each variable its value, and the segments of one vector all at once."""
    wholes: defaultdict[int, list[tuple[PackSegment, Tensor]]] = defaultdict(list)
    for variable, value in values:
        if isinstance(variable, PackSegment):
            wholes[id(variable.whole)].append((variable, value))
        else:
            variable.assign(value, read_value=False)
    # One assignment for each vector: one for each segment would copy the vector as often.
    for segments in wholes.values():
        whole = segments[0][0].whole
        whole.assign(tf.concat(list(_pieces(whole, segments)), 0), read_value=False)


def _pieces(whole: Variable, segments: Iterable[tuple[PackSegment, Tensor]]) -> Iterator[Tensor]:
    end, total = 0, int(whole.shape.num_elements())
    # Of two segments that begin at one place, the one without elements comes first.
    for segment, value in sorted(segments, key=lambda each: (each[0].begin, each[0].end)):
        # Most often nothing is between them, and each slice is an operation.
        if segment.begin > end:
            yield whole.read_value()[end : segment.begin]
        yield tf.reshape(value, [-1])
        end = segment.end
    if total > end:
        yield whole.read_value()[end:]


class Packing:
    """The packs of one optimizer: which small variables are joined, and where a step may use that."""

    def __init__(self) -> None:
        self.packs: list[Pack] = []
        self._first: dict[int, int] = {}

    def group(self, variables: Iterable[Variable], key: Callable[[Variable], Hashable]) -> None:
        """Join small variables with equal keys; those with the key None, and large ones, are not joined."""
        for members in _groups(variables, key):
            # No path of a variable has a colon in it, so no name is taken.
            pack = Pack(members, f"pack:{len(self.packs)}")
            self.packs.append(pack)
            self._first[id(pack)] = id(members[0])

    def within(self, variables: Iterable[Variable]) -> list[Pack]:
        """Return the packs all of whose members are among these."""
        chosen = set(map(id, variables))
        return [pack for pack in self.packs if chosen.issuperset(map(id, pack.members))]

    def first(self, key: int) -> int:
        """Return the `id` of a pack's first member for that of the pack; all others are their own."""
        return self._first.get(key, key)

    def operands(
        self, present: Sequence[Variable], every: Iterable[Variable], may_join: Callable[[Pack], bool]
    ) -> tuple[list[VariableOrPack], list[VariableOrPack]]:
        """Return what a step treats as one variable each: those with a gradient, and the others.

        A pack takes the place of its members if all of them have a gradient or none has, and if it
        may: if all that sees it treats every element alike.
        """
        # By id, since a tf.Variable is not hashable.
        with_gradient = set(map(id, present))
        pack_of: dict[int, Pack] = {}
        for pack in self.packs:
            count = sum(id(member) in with_gradient for member in pack.members)
            # If some have none, their values and state must stay as they are: docs/design/performance.md.
            if count in (0, len(pack.members)) and may_join(pack):
                pack_of |= dict.fromkeys(map(id, pack.members), pack)
        absent = [variable for variable in every if id(variable) not in with_gradient]
        return _replaced(present, pack_of), _replaced(absent, pack_of)


def _groups(variables: Iterable[Variable], key: Callable[[Variable], Hashable]) -> Iterator[list[Variable]]:
    alike: defaultdict[Hashable, list[Variable]] = defaultdict(list)
    for variable in variables:
        size = variable.shape.num_elements()
        # Without a static size there is no place for it in a vector.
        if size is not None and size <= LARGEST:
            alike[key(variable)].append(variable)
    # None is the key of those that stay by themselves.
    alike.pop(None, None)
    for members in alike.values():
        count = -(-len(members) // MOST)
        for number in range(count):  # packs of about equal size, and not full ones and a rest
            begin, end = (edge * len(members) // count for edge in (number, number + 1))
            if end - begin > 1:  # a pack of one costs a join and saves nothing
                yield members[begin:end]


def _replaced(variables: Iterable[Variable], pack_of: Mapping[int, Pack]) -> list[VariableOrPack]:
    """Put each pack in the place of the first of its members."""
    operands: dict[int, VariableOrPack] = {}
    for variable in variables:
        operand = pack_of.get(id(variable), variable)
        operands.setdefault(id(operand), operand)
    return list(operands.values())
