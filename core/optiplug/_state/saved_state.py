"""What a checkpoint has of the state of an optimizer, looked at before anything is restored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from optiplug._tf_private import SavedObject
from optiplug._types import Array
from optiplug.errors import StateError

from .arrays import arrays_by_name
from .checkpoint_reader import taken_apart, versions_of
from .manifest import WIDENED, Description, Spec, differences, parsed

__all__ = [
    "MANIFEST",
    "STATE",
    "keys_by_name",
    "require_tensors",
    "saved_description",
    "values_by_name",
    "values_in_saved_model",
    "widened_names",
]

# Keys in checkpoints, and so a part of the file format.
STATE, MANIFEST = "state", "manifest"
_BY_NAME, _JOINED = "by_name", "packed"


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
    description = parsed(_tensor(reader, children[MANIFEST], where), where)
    if _JOINED not in children[STATE].children:
        require_tensors(_tensors(children[STATE], reader, where), description, where)
    return description


def values_in_saved_model(
    saved: SavedObject, description: Description, where: str
) -> dict[str, Array] | None:
    """Return the state in a SavedModel, where joined variables are whole; None for any other checkpoint."""
    parts = saved.children[STATE].children
    if _JOINED not in parts:
        return None
    reader = tf.train.load_checkpoint(saved.checkpoint)
    # What else is there was needed by functions only.
    found = [each for part in (_BY_NAME, _JOINED) if part in parts for each in parts[part].children.items()]
    values = {name: _tensor(reader, each, where) for name, each in found}
    if len(values) < len(found):
        raise StateError("each state must be there once; nothing was changed", where=where)
    return taken_apart(arrays_by_name(values, where), description, where)


def _tensor(reader: tf.train.CheckpointReader, saved: SavedObject, where: str) -> Any:
    """Return the value of an object in a checkpoint, None if it has none."""
    try:
        return reader.get_tensor(saved.key) if saved.key and reader.has_tensor(saved.key) else None
    except tf.errors.OpError as error:
        raise StateError(f"the checkpoint is damaged: {error}; nothing was changed", where=where) from error


def widened_names(saved: SavedObject) -> set[str]:
    """Return the names of state that was kept in a wider dtype than its variable."""
    state = saved.children.get(STATE)
    names = () if state is None else _by_name(state)
    return {name.removesuffix(WIDENED) for name in names if name.endswith(WIDENED)}


def keys_by_name(saved: SavedObject) -> dict[str, str]:
    """Return the key of each state variable of an optimizer, by its name there."""
    return {name: each.key for name, each in _by_name(saved.children[STATE]).items() if each.key}


def _by_name(state: SavedObject) -> Mapping[str, SavedObject]:
    children = state.children
    return children[_BY_NAME].children if _BY_NAME in children else {}


def values_by_name(saved: SavedObject, description: Description, where: str) -> dict[str, Array]:
    """Return the state in a checkpoint with its versions, as `StateIO.load` takes it."""
    reader, by_name = tf.train.load_checkpoint(saved.checkpoint), _by_name(saved.children[STATE])
    values = {name.removesuffix(WIDENED): _tensor(reader, each, where) for name, each in by_name.items()}
    return {**values, **versions_of(description)}


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


def _tensors(state: SavedObject, reader: tf.train.CheckpointReader, where: str) -> dict[str, Spec]:
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    by_name = _by_name(state)
    keys = {name.removesuffix(WIDENED): each.key for name, each in by_name.items()}
    if len(keys) < len(by_name):
        raise StateError("each state must be there once; nothing was changed", where=where)
    return {name: (dtypes[key].name, tuple(shapes[key])) for name, key in keys.items() if key in shapes}
