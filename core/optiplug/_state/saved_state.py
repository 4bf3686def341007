"""What a checkpoint has of the state of an optimizer, looked at before anything is restored."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from optiplug._tf_private import SavedObject
from optiplug._types import Array
from optiplug.errors import StateError

from .checkpoint_reader import taken_apart, versions_of
from .manifest import Description, Spec, differences, parsed
from .widened_value import WIDENED

__all__ = [
    "MANIFEST",
    "STATE",
    "require_tensors",
    "saved_description",
    "values_by_name",
    "values_in_saved_model",
]

# Keys in checkpoints, and so a part of the file format.
STATE, MANIFEST = "state", "manifest"
_JOINED = "packed"


def saved_description(saved: SavedObject, where: str) -> Description:
    """Return the description of the state that a checkpoint has, which is true of the tensors in it.

    Raises
    ------
    StateError
        If there is none, or if tensors are missing, or of other shapes or dtypes than it says.
    """
    children = saved.children
    if not {STATE, MANIFEST} <= children.keys():
        raise StateError(
            "the checkpoint has no state of an optimizer of optiplug in this place; nothing was changed",
            where=where,
            received=sorted(children),
            hint="`optiplug.convert` takes over the state of an optimizer of Keras",
        )
    reader = tf.train.load_checkpoint(saved.checkpoint)
    key = children[MANIFEST].key
    description = parsed(reader.get_tensor(key) if key and reader.has_tensor(key) else None, where)
    if _JOINED not in children[STATE].children:
        require_tensors(_tensors(children[STATE], reader), description, where)
    return description


def values_in_saved_model(
    saved: SavedObject, description: Description, where: str
) -> dict[str, Array] | None:
    """Return the state in a SavedModel, where joined variables are whole; None for any other checkpoint."""
    parts = saved.children[STATE].children
    if _JOINED not in parts:
        return None
    reader = tf.train.load_checkpoint(saved.checkpoint)
    keys = {name: each.key for part in parts.values() for name, each in part.children.items()}
    return taken_apart({name: reader.get_tensor(key) for name, key in keys.items()}, description, where)


def values_by_name(saved: SavedObject, description: Description) -> dict[str, Array]:
    """Return the state in a checkpoint with its versions, as `StateIO.load` takes it."""
    reader = tf.train.load_checkpoint(saved.checkpoint)
    return {name: reader.get_tensor(key) for name, key in _keys(saved.children[STATE]).items()} | versions_of(
        description
    )


def require_tensors(tensors: Mapping[str, Spec], description: Description, where: str) -> None:
    """Raise `StateError` unless a checkpoint has the tensors that its description tells."""
    rows = differences(tensors, description["state"])
    if rows:
        raise StateError(
            "the checkpoint must have the tensors that its description tells; nothing was changed",
            where=where,
            hint="a SavedModel is read by `load_own_variables(optiplug.read_state(path))`",
            differences=rows,
        )


def _tensors(state: SavedObject, reader: tf.train.CheckpointReader) -> dict[str, Spec]:
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    return {
        name: (dtypes[key].name, tuple(shapes[key])) for name, key in _keys(state).items() if key in shapes
    }


def _keys(state: SavedObject) -> dict[str, str | None]:
    by_name = state.children["by_name"].children if "by_name" in state.children else {}
    return {name.removesuffix(WIDENED): each.key for name, each in by_name.items()}
