"""Small variables joined to one vector, and the parts of the state that is kept for it.

A variable costs a step as much as some ten thousand elements do, so those that are smaller are
worth joining, where every element is treated alike. Names, checkpoints and reports know only
the parts: how the state is joined may differ from one run to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from .tensor_like import TensorLike

__all__ = ["Pack", "Part", "assign_parts", "packed"]

# Measured: see docs/design/performance.md.
LARGEST, MOST = 16_384, 64


class Pack:
    """Variables of one dtype that a step treats as one vector of all their elements.

    It has what a slot and a step ask of a variable: `name`, `shape` and `dtype`. `split_up` says
    that some state of a member is not kept for all of them together, so that no step can join them.
    """

    def __init__(self, members: Sequence[Any], name: str) -> None:
        self.members, self.name = tuple(members), name
        self.dtype = self.members[0].dtype
        self.sizes = [int(member.shape.num_elements()) for member in self.members]
        self.shape = tf.TensorShape([sum(self.sizes)])
        self.split_up = False

    def join(self, values: Iterable[Any]) -> Any:
        """Return one vector of the members' values."""
        return tf.concat([value if value.shape.rank == 1 else tf.reshape(value, [-1]) for value in values], 0)

    def split(self, vector: Any) -> list[Any]:
        """Return the members' values out of such a vector."""
        return [
            piece if member.shape.rank == 1 else tf.reshape(piece, member.shape)
            for piece, member in zip(tf.split(vector, self.sizes), self.members, strict=True)
        ]

    def parts(self, whole: Any, paths: Iterable[str]) -> list[Part]:
        """Return each member's own part of a variable of the shape of this pack."""
        begin, parts = 0, []
        for path, member, size in zip(paths, self.members, self.sizes, strict=True):
            parts.append(Part(whole, self, begin, member.shape, path))
            begin += size
        return parts


class Part(TensorLike, tf.__internal__.tracking.Trackable):  # type: ignore[misc]  # TensorFlow is untyped
    """The elements of a variable that belong to one member of a pack: a variable in all but memory.

    In a checkpoint it looks as a variable of its own would.
    """

    def __init__(self, whole: Any, pack: Pack, begin: int, shape: Any, path: str) -> None:
        self.whole, self.pack, self.begin = whole, pack, begin
        self.shape, self.path = tf.TensorShape(shape), path
        self.dtype = whole.dtype
        self.end = begin + int(self.shape.num_elements())

    def __repr__(self) -> str:
        return f"<Part {self.path!r} shape={self.shape} dtype={self.dtype.name}>"

    @property
    def name(self) -> str:
        """The name that a variable of this path has."""
        return f"{self.path}:0"

    @property
    def value(self) -> Any:
        """The current value as a tensor."""
        return tf.reshape(self.whole.read_value()[self.begin : self.end], self.shape)

    def numpy(self) -> Any:
        """Return the value as a NumPy array."""
        return self.value.numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.numpy(), dtype)

    def assign(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> Part:
        """Replace the value."""
        assign_parts({self: tf.convert_to_tensor(value, self.dtype)})
        return self

    def of(self, whole: Any) -> Part:
        """Return the same part of another variable: of one device's own."""
        return Part(whole, self.pack, self.begin, self.shape, self.path)

    def _serialize_to_tensors(self) -> dict[str, Any]:
        return {_VALUE: self.value}

    def _restore_from_tensors(self, restored: Mapping[str, Any]) -> Any:
        return assign_parts({self: restored[_VALUE]})

    def _copy_trackable_to_cpu(self, object_map: Any) -> None:
        if self not in object_map:
            with tf.device("cpu:0"):
                object_map[self] = tf.Variable(self.value, trainable=False, name=self.path)
        else:
            object_map[self].assign(self.value)


_VALUE = "VARIABLE_VALUE"  # the key of a variable's value in a checkpoint


def assign_parts(values: Mapping[Part, Any]) -> None:
    """Assign many parts, each variable once."""
    wholes: defaultdict[int, list[Part]] = defaultdict(list)
    for part in values:
        wholes[id(part.whole)].append(part)
    for parts in wholes.values():
        whole = parts[0].whole
        whole.assign(tf.concat(list(_pieces(whole, parts, values)), 0), read_value=False)


def _pieces(whole: Any, parts: Iterable[Part], values: Mapping[Part, Any]) -> Iterator[Any]:
    old, end = whole.read_value(), 0
    for part in sorted(parts, key=lambda part: (part.begin, part.end)):  # one of no elements comes first
        yield old[end : part.begin]
        yield tf.reshape(values[part], [-1])
        end = part.end
    yield old[end:]


def packed(variables: Iterable[Any], kind: Callable[[Any], Hashable]) -> Iterator[list[Any]]:
    """Group small variables of one kind; a variable whose kind is None stays by itself, as big ones do."""
    kinds: defaultdict[Hashable, list[Any]] = defaultdict(list)
    for variable in variables:
        size = variable.shape.num_elements()
        if size is not None and size <= LARGEST:
            kinds[kind(variable)].append(variable)
    kinds.pop(None, None)
    for alike in kinds.values():
        groups = -(-len(alike) // MOST)
        for place in range(groups):
            group = alike[place * len(alike) // groups : (place + 1) * len(alike) // groups]
            if len(group) > 1:
                yield group
