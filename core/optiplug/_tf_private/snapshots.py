"""The values of objects at one moment, to be written while they go on changing, or to be put back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from tensorflow.experimental import dtensor

from optiplug._types import Tensor

from .trackables import (
    CheckpointNode,
    CheckpointValue,
    SavedObject,
    ShardedVariable,
    Trackable,
    children_of,
    track,
)

__all__ = ["SavedGraph", "Snapshot", "WritesFilesError", "forget_restore", "read_all", "root_of", "wrapped"]

# The parts of a value, as tensors or arrays; a whole one has the empty name.
Slices: TypeAlias = dict[str, Any]


class WritesFilesError(ValueError):
    """An object writes files of its own in the place of values."""


def wrapped(value: object) -> Trackable:
    """Return what TensorFlow tracks in the place of a list or dictionary.

    Rests on `tf.__internal__.tracking.wrap`.
    """
    return tf.__internal__.tracking.wrap(value)


def root_of(values: Mapping[str, Trackable]) -> CheckpointNode:
    """Return an object with these children, as `tf.train.Checkpoint(**values)` has them."""
    root = CheckpointNode()
    for name, value in values.items():
        track(root, name, value)
    return root


class SavedGraph:
    """The graph of objects of a checkpoint. Rests on the message `TrackableObjectGraph`."""

    def __init__(self, message: Any) -> None:
        self._message, self._nodes = message, message.nodes

    @classmethod
    def read(cls, prefix: str) -> SavedGraph:
        """Return the graph of objects of a checkpoint in files.

        Raises
        ------
        ValueError
            If it is none.
        """
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
        from tensorflow.core.protobuf import trackable_object_graph_pb2

        text = tf.train.load_checkpoint(prefix).get_tensor(GRAPH_KEY)
        try:
            graph = cls(trackable_object_graph_pb2.TrackableObjectGraph.FromString(text))
        except DecodeError as error:
            raise ValueError(f"the graph of objects is damaged: {error}") from error
        told = [(*graph.children(each).values(), *graph.slots(each).values()) for each in range(len(graph))]
        if not told or any(not 0 <= number < len(told) for number in chain.from_iterable(told)):
            raise ValueError("the graph of objects has objects that are not there")
        return graph

    def __len__(self) -> int:
        return len(self._nodes)

    def object(self, number: int, prefix: str, known: Mapping[int, Trackable]) -> SavedObject:
        """Return an object of these files; `known` are the objects here by their number there."""
        # The names are those of TensorFlow's own record of a restore.
        restoring = SimpleNamespace(
            save_path_string=prefix, object_graph_proto=self._message, object_by_proto_id=known
        )
        return SavedObject(restoring, number)

    def children(self, number: int) -> dict[str, int]:
        """Return the numbers of what is below an object, by name; the object itself has a number, too."""
        return {each.local_name: each.node_id for each in self._nodes[number].children}

    def values(self, number: int) -> dict[str, str]:
        """Return the keys of the values of an object, by their name in it."""
        return {each.name: each.checkpoint_key for each in self._nodes[number].attributes}

    def below(self, numbers: Collection[int], avoided: Collection[int] = ()) -> set[int]:
        """Return the numbers of some objects and of all below them, on ways that avoid others."""
        found, waiting = set[int](), list(numbers)
        while waiting:
            number = waiting.pop()
            if number not in found and number not in avoided:
                found.add(number)
                waiting += self.children(number).values()
        return found

    def slots(self, number: int) -> dict[tuple[int, str], int]:
        """Return the numbers of the slots that an optimizer of TensorFlow 1 has for other objects."""
        return {
            (each.original_variable_node_id, each.slot_name): each.slot_variable_node_id
            for each in self._nodes[number].slot_variables
        }


GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"


@dataclass(frozen=True)
class _Value:
    owner: Any  # what restores it, None for the graph of objects
    slices: Slices


class Snapshot:
    """The values of a root and all below it as they are now, under the keys of a checkpoint.

    Rests on `TrackableSaver._gather_serialized_tensors`, `SaveSpec.tensor`, `MultiDeviceSaver`, `async_wait`,
    `Trackable._restore_from_tensors` and `SaveableCompatibilityConverter.obj`.

    Raises
    ------
    WritesFilesError
        If an object has a saver registered with TensorFlow, which writes files by itself.
    """

    def __init__(self, root: Trackable) -> None:
        gathered, _, with_savers, graph = _saver(root)._gather_serialized_tensors()  # noqa: SLF001
        if any(with_savers.values()):
            raise WritesFilesError(", ".join(sorted(with_savers)))
        self.graph, self._root = SavedGraph(graph), root
        reading = _Reading()
        self._values = {
            key: _Value(owner, taken)
            for owner, values in gathered.items()
            for key, given in values.items()
            if (taken := dict(reading.taken(owner, given)))
        }

    @property
    def owners(self) -> dict[str, Any]:
        """The object that each key is of."""
        return {key: value.owner for key, value in self._values.items() if value.owner is not None}

    @property
    def specs(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """The dtype and shape of each value that is whole."""
        return {
            key: (tf.as_dtype(tensor.dtype).name, tuple(tensor.shape))
            for key, value in self._values.items()
            for part, tensor in value.slices.items()
            if not part
        }

    @property
    def objects(self) -> dict[int, Trackable]:
        """The objects by their number in the graph, but slots of optimizers of TensorFlow 1."""
        found, waiting = {0: self._root}, [0]
        while waiting:
            number = waiting.pop()
            here = children_of(found[number])
            for name, each in self.graph.children(number).items():
                if each not in found:
                    found[each] = here[name]
                    waiting.append(each)
        return found

    @property
    def is_whole(self) -> bool:
        """Whether no value is in parts, so that `read` can give each object its own."""
        return all("" in value.slices for value in self._values.values())

    def value(self, key: str) -> Any:
        """Return a value that is whole, as a tensor or an array."""
        return self._values[key].slices[""]

    def write(self, prefix: str) -> None:
        """Write a checkpoint, as `tf.train.Checkpoint.write` does."""
        from tensorflow.python.checkpoint import functional_saver
        from tensorflow.python.eager import context

        values = {
            key: {part: tf.convert_to_tensor(each) for part, each in value.slices.items()}
            for key, value in self._values.items()
        }
        functional_saver.MultiDeviceSaver({None: values}).save(tf.constant(prefix))
        context.async_wait()  # DTensor saves on threads of its own

    def put_back(self, leave: Collection[str] = ()) -> None:
        """Give all objects the values that they had, except under some keys."""
        _restore({key: value.slices for key, value in self._values.items() if key not in leave}, self.owners)

    def read(self, prefix: str, keys: Mapping[str, str]) -> None:
        """Give objects values of a checkpoint: by a key here, the key there."""
        keys = {
            name: then + name.removeprefix(now) for now, then in keys.items() for name in self._names(now)
        }
        names = list(keys)
        with tf.device("cpu:0"):
            read = tf.raw_ops.RestoreV2(
                prefix=prefix,
                tensor_names=[keys[name] for name in names],
                shape_and_slices=[""] * len(names),
                dtypes=[self._values[name].slices[""].dtype for name in names],
            )
        values = {
            name: {"": _beside(tensor, self.value(name))} for name, tensor in zip(names, read, strict=True)
        }
        _restore(values, self.owners)

    def _names(self, key: str) -> list[str]:
        """Return the keys of tensors that have this one in the graph: iterators add a word to it."""
        return [key] if key in self._values else [each for each in self._values if each.startswith(key)]


def read_all(root: Trackable, prefix: str) -> None:
    """Restore a root and all below it, as `tf.train.Checkpoint.read` does. Rests on `TrackableSaver`."""
    _saver(root).restore(prefix).expect_partial()


def forget_restore(things: Iterable[Trackable], prefix: str) -> None:
    """Let no object that appears below others later get its value from a checkpoint.

    Rests on `_deferred_dependencies`.
    """
    for thing in things:
        waiting = getattr(thing, "_self_unconditional_deferred_dependencies", {})
        for name, positions in list(waiting.items()):
            waiting[name] = [each for each in positions if str(each.checkpoint.save_path_string) != prefix]


def _saver(root: Trackable) -> Any:
    # Not through a Checkpoint, which adds itself to the graph, under a name that a value may have.
    from tensorflow.python.checkpoint import checkpoint, graph_view

    return checkpoint.TrackableSaver(graph_view.ObjectGraphView(root))


class _Reading:
    """Reads values into the memory of this machine, and joined ones once."""

    def __init__(self) -> None:
        self._wholes: dict[int, Any] = {}

    def taken(self, owner: object, given: Any) -> Iterator[tuple[str, Any]]:
        """Yield the tensors of a value by slice."""
        segment = owner.segment if isinstance(owner, CheckpointValue) else None
        if segment is not None:
            yield "", self._cut(*segment, owner.shape)  # type: ignore[attr-defined]
            return
        sharded = _sharded(owner)
        if sharded is not None:
            # One value of all shards: how many there are is no matter of the one who restores it.
            yield "", tf.concat([_here(each.read_value()) for each in sharded.variables], 0)
            return
        for part, each in (given if isinstance(given, dict) else {"": given}).items():
            lazy = not tf.is_tensor(each)
            tensor = each.tensor if lazy else each
            if tensor is not None:
                yield (each.slice_spec if lazy and each.slice_spec else part), _here(tensor)

    def _cut(self, whole: tf.Variable, begin: int, shape: Any) -> Any:
        vector = self._wholes.get(id(whole))
        if vector is None:
            # An array that shares the memory of the tensor, so that to cut it costs nothing.
            vector = self._wholes[id(whole)] = np.asarray(_here(whole.read_value())).reshape(-1)
        return vector[begin : begin + shape.num_elements()].reshape(shape)


def _sharded(owner: object) -> Any:
    """Return the sharded variable that an owner of values saves; None if it is of something else."""
    # TensorFlow has an object of its own between.
    thing = getattr(owner, "obj", None)
    return thing if isinstance(thing, ShardedVariable) else None


def _here(tensor: Tensor) -> Tensor:
    if "CPU" in tensor.device:
        return tensor
    with tf.device("cpu:0"):
        return tf.identity(tensor)


def _beside(tensor: Tensor, other: Any) -> Tensor:
    """Return a tensor laid out as another one, if that is on a mesh."""
    if "CUSTOM" not in getattr(other, "device", ""):
        return tensor
    layout = dtensor.fetch_layout(other)
    replicated = dtensor.Layout.replicated(layout.mesh, layout.rank)
    return dtensor.relayout(dtensor.copy_to_mesh(tensor, replicated), layout)


def _restore(values: Mapping[str, Slices], owners: Mapping[str, Any]) -> None:
    by_owner: dict[int, dict[str, Any]] = {}
    for key, slices in values.items():
        if key in owners:
            local = key.partition(".ATTRIBUTES/")[2]
            by_owner.setdefault(id(owners[key]), {})[local] = slices.get("", slices)
    known = {id(owner): owner for owner in owners.values()}
    kinds: defaultdict[type[CheckpointValue], list[tuple[Any, Tensor]]] = defaultdict(list)
    for number, tensors in by_owner.items():
        owner = known[number]
        sharded = _sharded(owner)
        if sharded is not None:
            sharded.assign(*tensors.values())
        elif isinstance(owner, CheckpointValue):
            kinds[type(owner)] += [(owner, tensor) for tensor in tensors.values()]
        else:
            owner._restore_from_tensors(tensors)  # noqa: SLF001
    for kind, pairs in kinds.items():
        kind.restore_all(pairs)
