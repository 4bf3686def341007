"""Objects in checkpoints, as TensorFlow saves and restores them."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self, TypeAlias

import tensorflow as tf

from optiplug._types import DType, Tensor

__all__ = [
    "CheckpointNode",
    "CheckpointValue",
    "RestoredOnRelease",
    "SavedObject",
    "ShardedVariable",
    "Trackable",
    "children_of",
    "forget_waiting",
    "release",
    "saved_dict",
    "sharded_whole",
    "track",
]

Trackable: TypeAlias = tf.__internal__.tracking.Trackable

# A variable whose rows are several variables; checkpoints have it as one. `tf.__internal__` is not public.
ShardedVariable: Any = tf.__internal__.distribute.ShardedVariable

_VALUE = "VARIABLE_VALUE"  # the key of a variable's value, so that either can be restored from the other


def track(parent: Trackable, name: str, child: Trackable) -> None:
    """Make `child` a part of the checkpoints of `parent`, under a name that need be no attribute.

    Rests on `Trackable._track_trackable`.
    """
    parent._track_trackable(child, name, overwrite=True)  # noqa: SLF001


def sharded_whole(variable: tf.Variable) -> Any:
    """Return the sharded variable that a variable is a shard of, or None. Rests on `_sharded_container`."""
    whole = getattr(variable, "_sharded_container", None)
    return None if whole is None else whole()


def children_of(parent: Trackable) -> Mapping[str, Trackable]:
    """Return what checkpoints of `parent` hold, by name. Rests on `Trackable._trackable_children`."""
    children: Mapping[str, Trackable] = parent._trackable_children()  # noqa: SLF001
    return children


def saved_dict(values: Mapping[str, Any]) -> Trackable:
    """Return a dictionary that a SavedModel can hold. Rests on `tf.__internal__.tracking.wrap`."""
    # A plain dictionary is no Trackable, and only those can be children.
    return tf.__internal__.tracking.wrap(dict(values))


class CheckpointNode(Trackable):  # type: ignore[misc]  # TensorFlow is untyped
    """A node of a checkpoint with children by name, and with other children in a SavedModel if given.

    Children in `former` are restored from checkpoints that have them under these names, and not saved.

    Rests on `Trackable._trackable_children`, `_lookup_dependency` and `_handle_deferred_dependencies`.
    """

    def __init__(self, in_saved_model: Callable[[], Mapping[str, Trackable]] | None = None) -> None:
        self._in_saved_model = in_saved_model
        self.former: dict[str, Trackable] = {}

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Trackable]:
        if save_type == "savedmodel" and self._in_saved_model is not None:
            return dict(self._in_saved_model())
        children: dict[str, Trackable] = super()._trackable_children(save_type, **kwargs)
        return {name: child for name, child in children.items() if name not in self.former}

    def find_former(self, name: str) -> Trackable | None:
        """Return the child that a checkpoint has under a former name, when it is restored from there."""
        return self.former.get(name)

    def saved_name(self, name: str) -> str | None:
        """Return the name that a child has in the checkpoint that is restored, None if it is not there."""
        return name

    def present_name(self, saved_name: str) -> str | None:
        """Return the name of the child that has this one there, None if there is none."""
        return saved_name

    def _lookup_dependency(self, name: str, *arguments: Any, **options: Any) -> Trackable | None:
        restores = arguments or options
        present = self.present_name(name) if restores else name
        if present is None:
            return None
        return self.find_former(present) or super()._lookup_dependency(present, *arguments, **options)

    def _handle_deferred_dependencies(self, name: str, trackable: Trackable) -> None:
        saved = self.saved_name(name)
        if saved is not None:
            super()._handle_deferred_dependencies(saved, trackable)


class CheckpointValue(Trackable, metaclass=abc.ABCMeta):  # type: ignore[misc]  # TensorFlow is untyped
    """An object with a value that is saved in a checkpoint as a variable is.

    Rests on `Trackable._serialize_to_tensors`, `_restore_from_tensors` and `_copy_trackable_to_cpu`, and on
    `SaveSpec`.
    """

    @property
    @abc.abstractmethod
    def path(self) -> str:
        """The name of the variable that a SavedModel has in its place."""

    @property
    @abc.abstractmethod
    def saved_dtype(self) -> DType:
        """The dtype of what a checkpoint is to hold."""

    @property
    @abc.abstractmethod
    def device(self) -> str:
        """Where that is."""

    @property
    def segment(self) -> tuple[tf.Variable, int] | None:
        """The vector that it is a part of and where it begins there, if it is one."""
        return None

    @abc.abstractmethod
    def read_value(self) -> Tensor:
        """Return what a checkpoint is to hold."""

    @abc.abstractmethod
    def restore(self, value: Tensor) -> Any:
        """Take the value that a checkpoint holds."""

    @classmethod
    def restore_all(cls, values: Iterable[tuple[Self, Tensor]]) -> None:
        """Let each of some objects of this class take its value."""
        for each, value in values:
            each.restore(value)

    @property
    def reader(self) -> Callable[[], Tensor]:
        """What returns that, for one save."""
        return self.read_value

    def _serialize_to_tensors(self) -> dict[str, Any]:
        # Imported here: no public module has it.
        from tensorflow.python.training.saving import saveable_object

        # A function, since whoever restores a value asks for its dtype only.
        return {_VALUE: saveable_object.SaveSpec(self.reader, "", "", self.saved_dtype, self.device)}

    def _restore_from_tensors(self, restored: Mapping[str, Tensor]) -> Any:
        return self.restore(restored[_VALUE])

    def _copy_trackable_to_cpu(self, object_map: Any) -> None:
        if self not in object_map:
            with tf.device("cpu:0"):
                object_map[self] = tf.Variable(self.read_value(), trainable=False, name=self.path)
        else:
            object_map[self].assign(self.read_value())


class SavedObject:
    """An object as a checkpoint has it, before anything is restored.

    Rests on `CheckpointPosition` and on the graph of objects that a checkpoint holds.
    """

    def __init__(self, restoring: Any, number: int) -> None:
        self._restoring, self._number = restoring, number

    @classmethod
    def parent(cls, position: Any, owner: Trackable) -> SavedObject:
        """Return what the checkpoint has of `owner`, given the position of one of its children there."""
        known = position.checkpoint.object_by_proto_id
        return cls(position.checkpoint, next(number for number in list(known) if known.get(number) is owner))

    @property
    def checkpoint(self) -> str:
        """The path of the checkpoint."""
        return str(self._restoring.save_path_string)

    @property
    def children(self) -> dict[str, SavedObject]:
        """The objects below it, by name."""
        return {each.local_name: SavedObject(self._restoring, each.node_id) for each in self._node.children}

    @property
    def found(self) -> list[tuple[object, SavedObject]]:
        """All objects of this program that the checkpoint has, each with what it has of it."""
        known = list(self._restoring.object_by_proto_id.items())
        return [(each, SavedObject(self._restoring, number)) for number, each in known]

    @property
    def key(self) -> str | None:
        """The key of its value in the checkpoint, if it has one."""
        return next((str(each.checkpoint_key) for each in self._node.attributes), None)

    @property
    def _node(self) -> Any:
        return self._restoring.object_graph_proto.nodes[self._number]


class RestoredOnRelease(Trackable, metaclass=abc.ABCMeta):  # type: ignore[misc]  # TensorFlow is untyped
    """An object that sees a checkpoint before anything is restored, and one child of which then waits.

    TensorFlow restores the child called `_waits` when `release` is called, and nothing if `_before_restore`
    raises. That is called for each child of the checkpoint that waits, or that the object does not have.

    Rests on `Trackable._lookup_dependency`, `_deferred_dependencies` and `_handle_deferred_dependencies`.
    """

    _waits: ClassVar[str]

    @abc.abstractmethod
    def _before_restore(self, child: str, saved: SavedObject) -> None:
        """Refuse what a checkpoint has of this object, if that does not fit."""

    def _lookup_dependency(self, name: str, *known: Any, **options: Any) -> Trackable | None:
        # What is known of the children is handed over only while a checkpoint is restored.
        waits = name == type(self)._waits and (known or options)  # noqa: SLF001  # of its class
        return None if waits else super()._lookup_dependency(name, *known, **options)

    @property
    def _deferred_dependencies(self) -> _Deferred:
        return _Deferred(super()._deferred_dependencies, self)


class _Deferred:
    """What TensorFlow keeps of a checkpoint for children that are not there yet; it is told by `append`."""

    def __init__(self, held: dict[str, list[Any]], owner: RestoredOnRelease) -> None:
        self._held, self._owner = held, owner
        self.get, self.pop = held.get, held.pop

    def setdefault(self, name: str, default: list[Any]) -> _Deferred:
        self._name, self._default = name, default
        return self

    def append(self, position: Any) -> None:
        saved = SavedObject.parent(position, self._owner)
        # By the class, since an attribute of a user's own may have any name.
        type(self._owner)._before_restore(self._owner, self._name, saved)  # noqa: SLF001
        self._held.setdefault(self._name, self._default).append(position)


def forget_waiting(parent: Trackable) -> None:
    """Leave the child of a `RestoredOnRelease` that waits as it is. Rests on `_deferred_dependencies`."""
    parent._deferred_dependencies.pop(type(parent)._waits, ())  # noqa: SLF001


def release(parent: Trackable, child: Trackable) -> bool:
    """Restore the child that waits, and say whether it did. Rests on `_handle_deferred_dependencies`."""
    name = type(parent)._waits  # noqa: SLF001
    waited = bool(parent._deferred_dependencies.get(name, ()))  # noqa: SLF001
    parent._handle_deferred_dependencies(name, child)  # noqa: SLF001
    return waited
