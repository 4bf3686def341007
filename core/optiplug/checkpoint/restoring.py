"""Gives values what was saved of them: all is checked first, and put back if TensorFlow breaks off."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from optiplug._optimizer.parts import parts_of
from optiplug._state.manifest import parsed
from optiplug._state.saved_state import MANIFEST, STATE
from optiplug._tf_private import SavedGraph, read_all
from optiplug.errors import (
    CorruptCheckpointError,
    MismatchedCheckpointError,
    MissingPluginStateError,
    NewerCheckpointError,
    OptiplugError,
    StateError,
)

from .manifest import Spec
from .matching import matched
from .values import Taken

__all__ = ["restore_values", "restore_weights"]


def restore_values(before: Taken, path: Path, table: Mapping[str, Spec]) -> tuple[str, ...]:
    """Restore everything from files that begin with a path and have the values in a table, or nothing.

    `before` is what the objects are now.
    """
    saved = _read(path, table)
    graph = before.values.graph
    leave = {number for number in range(len(graph)) if _manifest_key(graph, number) in before.optimizers}
    match = matched(saved, graph, dict.fromkeys(leave, (STATE, MANIFEST)))
    rows = match.differences(table, before.table)
    for number in leave & match.numbers.keys():
        there = _manifest_key(saved, match.numbers[number])
        _require_state(before, _manifest_key(graph, number), path, there)
    _refuse(rows, path)
    with _all_or_nothing(before, path):
        state = _state_keys(before, leave, saved, match.numbers, path)
        if state is None or not before.values.is_whole:
            read_all(before.root, str(path))
        else:  # at once, which takes half as long
            before.values.read(str(path), {**match.keys, **state})
    return ()


def _state_keys(
    before: Taken, optimizers: Collection[int], saved: SavedGraph, numbers: Mapping[int, int], path: Path
) -> dict[str, str] | None:
    """Return the saved key of each value of the state of optimizers, None if TensorFlow has to restore it."""
    graph, objects, keys = before.values.graph, before.values.objects, dict[str, str]()
    known = {numbers[now]: each for now, each in objects.items() if now in numbers}
    for now in optimizers:
        present = graph.object(now, str(path), objects)
        there = saved.object(numbers[now], str(path), known)
        optimizer = before.optimizers[_manifest_key(graph, now)]
        own = parts_of(optimizer).checkpointing.saved_keys(present, there)
        if own is None:
            return None
        keys |= own
    return keys


def restore_weights(before: Taken, path: Path, table: Mapping[str, Spec]) -> tuple[str, ...]:
    """Restore the variables of models, or nothing, and return the keys of all else that is saved."""
    saved = _read(path, table)
    graph = before.values.graph
    others = {number for number, each in before.values.objects.items() if not _has_weights(each)}
    match = matched(saved, graph, {}, skip=set(range(len(graph))) - graph.below({0}, others))
    _refuse([row for row in match.differences(table, before.table) if row[2] != "-"], path)
    with _all_or_nothing(before, path):
        before.values.read(str(path), match.keys)
    return match.left


def _has_weights(thing: object) -> bool:
    """Whether variables below an object are weights, and not the state of what trains or measures them."""
    if isinstance(thing, tf.data.Iterator | tf.random.Generator):
        return False
    # By what they do, since Keras 3 and tf_keras have classes of their own.
    return not hasattr(thing, "apply_gradients") and not hasattr(thing, "reset_state")


def _refuse(rows: Sequence[tuple[str, str, str]], path: Path) -> None:
    if rows:
        raise MismatchedCheckpointError(
            "the checkpoint must have the variables that are there; nothing was changed",
            where=str(path),
            hint="create them with the same config, and build models and optimizers before",
            differences=rows,
        )


def _read(path: Path, table: Mapping[str, Spec]) -> SavedGraph:
    """Return the graph of objects of a checkpoint, if that has the values that its manifest tells."""
    try:
        reader = tf.train.load_checkpoint(str(path))
        shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
        graph = SavedGraph.read(str(path))
    except (tf.errors.OpError, ValueError, TypeError) as error:
        raise CorruptCheckpointError(f"the values cannot be read: {error}", where=str(path)) from error
    found: dict[str, Spec] = {key: (dtypes[key].name, tuple(shapes[key])) for key in shapes}
    if found != table:
        wrong = sorted(key for key in found.keys() | table.keys() if found.get(key) != table.get(key))
        raise CorruptCheckpointError(
            "the values must be those that the manifest tells", where=str(path), received=wrong[:3]
        )
    return graph


def _manifest_key(graph: SavedGraph, number: int) -> str:
    """Return the key of the description of the state of an object, empty if it has none."""
    child = graph.children(number).get(MANIFEST)
    return "" if child is None else next(iter(graph.values(child).values()), "")


def _require_state(before: Taken, key: str, path: Path, there: str) -> None:
    """Refuse the state of an optimizer that it cannot take; `there` is the key of its description."""
    where = f"{path}: {key.partition(f'/{MANIFEST}/')[0]}"
    if not there:
        raise MismatchedCheckpointError("the checkpoint has no state of this optimizer", where=where)
    then = parsed(tf.train.load_checkpoint(str(path)).get_tensor(there), where)
    now = before.description(key)
    unknown = sorted(then["versions"].keys() - now["versions"].keys())
    if unknown:
        raise MissingPluginStateError(
            f"the checkpoint has state of {', '.join(unknown)}, which the optimizer does not have; "
            "nothing was changed",
            where=where,
            hint="create it with the config that it was saved with",
        )
    for owner, version in now["versions"].items():
        if then["versions"].get(owner, version) > version:
            raise NewerCheckpointError(
                f"the state of {owner or 'the optimizer'} has version {then['versions'][owner]}, newer than "
                f"{version}; nothing was changed",
                where=where,
                hint="update the plugin",
            )
    if then["state"] and not before.is_built(key):
        raise MismatchedCheckpointError(
            "the optimizer is not built and has no state to restore; nothing was changed",
            where=where,
            hint="call `optimizer.build(model.trainable_variables)` first",
        )


@contextmanager
def _all_or_nothing(before: Taken, path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:  # an interrupt, too
        before.put_back(str(path))
        # An optimizer that misses state says so itself, without knowing of checkpoints.
        if type(error) is StateError:
            raise MismatchedCheckpointError(
                error.rule, where=str(path), hint=error.hint, differences=error.differences
            ) from error
        if isinstance(error, OptiplugError):
            raise
        if isinstance(error, (tf.errors.OpError, ValueError, TypeError, AssertionError)):
            raise CorruptCheckpointError(
                f"the values cannot be restored, and nothing was changed: {error}", where=str(path)
            ) from error
        raise
