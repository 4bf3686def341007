"""Variables that a step treats as one, and the segments of the state that is kept for them.

A variable costs a step as much as some ten thousand elements do, so those that are smaller are
worth joining to one vector, where every element is treated alike. Where a formula is for whole
matrices, those of one shape are worth stacking: XLA compiles the formula once. Names, checkpoints
and reports know only the segments: how the state is joined may differ from one run to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy.typing as npt
import tensorflow as tf

from optiplug._tf_private import CheckpointValue
from optiplug._types import DType, Shape, Tensor, Variable

from .variable_like import VariableLike

__all__ = [
    "LARGEST",
    "LARGEST_STACKED",
    "LONGEST_STACK",
    "MOST",
    "Alike",
    "Pack",
    "PackSegment",
    "Packing",
    "Stack",
    "VariableOrPack",
    "assign_all",
]

# Elements of the largest variable that is joined, of the largest one that is stacked, and of a whole stack;
# members of the fullest pack. All were measured: docs/design/performance.md.
LARGEST, LARGEST_STACKED, LONGEST_STACK, MOST = 8_192, 262_144, 2_097_152, 64


class Alike(NamedTuple):
    """What variables of one pack have in common.

    `owner` is the prefix of the optimizer that updates them. `stack` is None where every element is
    treated alike, so that shapes may differ.
    """

    place: Hashable
    dtype: DType
    hooks: frozenset[str]
    owner: str
    stack: Hashable = None


class Pack:
    """Variables of one dtype that a step treats as one vector of all their elements.

    It has what a slot and a step ask of a variable: `name`, `shape` and `dtype`. `owner` is the prefix of
    the optimizer that updates them.
    """

    def __init__(self, members: Sequence[Variable], name: str, owner: str = "") -> None:
        # A tuple: state is laid out by its order.
        self.members, self.name, self._owner = tuple(members), name, owner
        self.dtype: DType = self.members[0].dtype
        self.shape = self._layout([member.shape for member in self.members])

    @property
    def stacked(self) -> int:
        """The number of variables in a stack; 0 for a vector."""
        return 0

    def _layout(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of what has an element for each of those of members of these shapes."""
        return tf.TensorShape([sum(shape.num_elements() for shape in shapes)])

    def state_shape(self, shapes: Sequence[Shape], owner: str) -> Shape | None:
        """Return the shape of the joined state of members, each of which has one of its own there.

        None if `owner` can only have their states apart.
        """
        same = all(shape == member.shape for shape, member in zip(shapes, self.members, strict=True))
        return self.shape if same else None

    def join(self, values: Iterable[Tensor]) -> Tensor:
        """Return one tensor of the members' values."""
        # No reshape where none is needed: each is an operation for TensorFlow's executor, which takes most
        # of the time of a step of packs (docs/design/performance.md).
        vectors = [value if value.shape.rank == 1 else tf.reshape(value, [-1]) for value in values]
        return tf.concat(vectors, 0)

    def split(self, joined: Tensor) -> list[Tensor]:
        """Return the members' values out of such a tensor."""
        sizes = [member.shape.num_elements() for member in self.members]
        return [
            piece if member.shape.rank == 1 else tf.reshape(piece, member.shape)
            for piece, member in zip(tf.split(joined, sizes), self.members, strict=True)
        ]

    def segments(self, whole: Variable, named: Mapping[str, Shape]) -> list[PackSegment]:
        """Return each member's own segment of a joined variable, by paths and shapes in their order."""
        begin, segments = 0, []
        for path, shape in named.items():
            segments.append(PackSegment(whole, self, begin, shape, path))
            begin += shape.num_elements()
        return segments


class Stack(Pack):
    """Variables of one shape and dtype that a step treats as one, with a first axis that counts them."""

    @property
    def stacked(self) -> int:
        """The number of variables in it."""
        return len(self.members)

    def _layout(self, shapes: Sequence[Shape]) -> Shape:
        return tf.TensorShape([len(shapes), *shapes[0]])

    def state_shape(self, shapes: Sequence[Shape], owner: str) -> Shape | None:
        """Return the shape of the stacked state, for a processor only if it is that of its variables."""
        # The optimizer that takes stacks is asked to be right for state of every shape. A hook promises to
        # be elementwise, so state of another shape is none that it could have of a stack.
        if owner != self._owner:
            return super().state_shape(shapes, owner)
        alike = shapes[0].is_fully_defined() and all(shape == shapes[0] for shape in shapes)
        return self._layout(shapes) if alike else None

    def join(self, values: Iterable[Tensor]) -> Tensor:
        """Return one tensor of the members' values."""
        return tf.stack(list(values))

    def split(self, joined: Tensor) -> list[Tensor]:
        """Return the members' values out of such a tensor."""
        values: list[Tensor] = tf.unstack(joined, self.stacked)
        return values


VariableOrPack: TypeAlias = Variable | Pack
"""What a step treats as one variable."""


class PackSegment(VariableLike, CheckpointValue):
    """The elements of a joined variable, one after the other, that belong to one member of a pack.

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
    def segment(self) -> tuple[Variable, int] | None:
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
        return tf.reshape(_elements(self.whole)[self.begin : self.end], self.shape)

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
    """Assign each variable its value, and the segments of one variable all at once."""
    wholes: defaultdict[int, list[tuple[PackSegment, Tensor]]] = defaultdict(list)
    for variable, value in values:
        if isinstance(variable, PackSegment):
            wholes[id(variable.whole)].append((variable, value))
        else:
            variable.assign(value, read_value=False)
    # One assignment for each of them: one for each segment would copy the whole as often.
    for segments in wholes.values():
        whole = segments[0][0].whole
        vector = tf.concat(list(_pieces(whole, segments)), 0)
        whole.assign(vector if whole.shape.rank == 1 else tf.reshape(vector, whole.shape), read_value=False)


def _elements(whole: Variable) -> Tensor:
    """Return the elements of a joined variable as a vector."""
    value = whole.read_value()
    return value if value.shape.rank == 1 else tf.reshape(value, [-1])


def _pieces(whole: Variable, segments: Iterable[tuple[PackSegment, Tensor]]) -> Iterator[Tensor]:
    end, total = 0, int(whole.shape.num_elements())
    # Of two segments that begin at one place, the one without elements comes first.
    for segment, value in sorted(segments, key=lambda each: (each[0].begin, each[0].end)):
        # Most often nothing is between them, and each slice is an operation.
        if segment.begin > end:
            yield _elements(whole)[end : segment.begin]
        yield tf.reshape(value, [-1])
        end = segment.end
    if total > end:
        yield _elements(whole)[end:]


class Packing:
    """The packs of one optimizer: which small variables are joined, and where a step may use that."""

    def __init__(self) -> None:
        self.packs: list[Pack] = []
        self._first: dict[int, int] = {}

    def group(self, variables: Iterable[Variable], key: Callable[[Variable], Alike | None]) -> None:
        """Join small variables with equal keys; those with the key None, and large ones, are not joined."""
        for alike, members in _groups(variables, key):
            kind = Pack if alike.stack is None else Stack
            # No path of a variable has a colon in it, so no name is taken.
            self.add(kind(members, f"pack:{len(self.packs)}", alike.owner))

    def add(self, pack: Pack) -> None:
        """Let a step take a pack that was made elsewhere for its members."""
        self.packs.append(pack)
        self._first[id(pack)] = id(pack.members[0])

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


def _groups(
    variables: Iterable[Variable], key: Callable[[Variable], Alike | None]
) -> Iterator[tuple[Alike, list[Variable]]]:
    groups: defaultdict[Alike, list[Variable]] = defaultdict(list)
    for variable in variables:
        size, alike = variable.shape.num_elements(), key(variable)
        # Without a static size there is no place for it in a pack.
        if alike is not None and size is not None and size <= _largest(alike):
            groups[alike].append(variable)
    for alike, members in groups.items():
        count = -(-len(members) // _most(alike, members[0]))
        for number in range(count):  # packs of about equal size, and not full ones and a rest
            begin, end = (edge * len(members) // count for edge in (number, number + 1))
            if end - begin > 1:  # a pack of one costs a join and saves nothing
                yield alike, members[begin:end]


def _largest(alike: Alike) -> int:
    return LARGEST if alike.stack is None else LARGEST_STACKED


def _most(alike: Alike, member: Variable) -> int:
    """Return the members of the fullest pack."""
    if alike.stack is None:
        return MOST
    size: int = member.shape.num_elements()
    return min(MOST, LONGEST_STACK // max(size, 1))


def _replaced(variables: Iterable[Variable], pack_of: Mapping[int, Pack]) -> list[VariableOrPack]:
    """Put each pack in the place of the first of its members."""
    operands: dict[int, VariableOrPack] = {}
    for variable in variables:
        operand = pack_of.get(id(variable), variable)
        operands.setdefault(id(operand), operand)
    return list(operands.values())
