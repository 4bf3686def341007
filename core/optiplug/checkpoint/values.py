"""The objects that are saved, and what they are at one moment."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

import tensorflow as tf

from optiplug._optimizer.optimizer import Optimizer
from optiplug._optimizer.parts import parts_of
from optiplug._state.manifest import Description, parsed
from optiplug._state.saved_state import MANIFEST
from optiplug._tf_private import (
    Snapshot,
    Trackable,
    WritesFilesError,
    children_of,
    forget_restore,
    root_of,
    track,
    wrapped,
)
from optiplug.errors import ConfigError

from .manifest import Spec
from .system_errors import system_error

__all__ = ["Taken", "Values"]


class Values:
    """Objects by name, as `tf.train.Checkpoint` tracks them."""

    def __init__(self, values: Mapping[str, object]) -> None:
        if not values or not hasattr(values, "items") or not all(isinstance(name, str) for name in values):
            raise ConfigError("must be objects by name", where="values", received=values)
        self.root = root_of({name: _tracked(value, name) for name, value in values.items()})

    def snapshot(self) -> Taken:
        """Return all values as they are now."""
        things = tf.train.TrackableView(self.root).descendants()
        untracked = list(_untracked(things))
        if untracked:
            track(self.root, UNTRACKED, wrapped(untracked))
        return Taken(self.root, things)


UNTRACKED = "@untracked"
"""The name beside the values under which variables are saved that TensorFlow does not find in them."""


def _untracked(things: Iterable[object]) -> Iterator[object]:
    """Yield the variables of layers of Keras 3 that TensorFlow does not track: seeds, as of dropout."""
    keras = sys.modules.get("keras")
    if keras is None or not hasattr(keras, "KerasTensor"):  # not Keras 3
        return
    for thing in things:
        if isinstance(thing, keras.Layer):
            seeds = (each for each in vars(thing).values() if isinstance(each, keras.random.SeedGenerator))
            yield from (each.state for each in seeds)


class Taken:
    """All values at one moment."""

    def __init__(self, root: Trackable, things: Sequence[Trackable]) -> None:
        self.root, self._things = root, things
        try:
            self.values = Snapshot(root)
        except WritesFilesError as error:
            raise ConfigError(
                f"objects with a registered saver cannot be saved here: {error}",
                where="values",
                hint="it writes files of its own, later",
            ) from error
        except ValueError as error:
            raise ConfigError(f"cannot be saved: {error}", where="values") from error
        owners = self.values.owners
        by_manifest = {
            id(children_of(each).get(MANIFEST)): each for each in things if isinstance(each, Optimizer)
        }
        # The optimizers of optiplug, by the key of the description of their state.
        self.optimizers: dict[str, Optimizer] = {
            key: by_manifest[id(owner)] for key, owner in owners.items() if id(owner) in by_manifest
        }

    @property
    def table(self) -> dict[str, Spec]:
        """Dtype and shape of each value by its key."""
        return self.values.specs

    def description(self, key: str) -> Description:
        """Return what describes the state of an optimizer."""
        return parsed(self.values.value(key).numpy(), key)

    @property
    def state_versions(self) -> dict[str, dict[str, int]]:
        """Versions of the state of each optimizer, by owner."""
        return {
            key.partition(f"/{MANIFEST}/")[0]: self.description(key)["versions"] for key in self.optimizers
        }

    def is_built(self, key: str) -> bool:
        """Whether an optimizer has its state."""
        return bool(parts_of(self.optimizers[key]).built)

    def put_back(self, prefix: str) -> None:
        """Undo a restore that was broken off."""
        self.values.put_back(leave=self.optimizers)
        for optimizer in self.optimizers.values():
            parts_of(optimizer).io.take_back()
        forget_restore(self._things, prefix)

    def write(self, prefix: str) -> None:
        """Write the files of a checkpoint."""
        try:
            self.values.write(prefix)
        except tf.errors.OpError as error:
            known = system_error(error.message) or OSError(errno.EIO, error.message)
            # TensorFlow names a file that only it knows.
            known.filename = prefix
            raise known from error


def _tracked(value: object, where: str) -> Trackable:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if not isinstance(key, str):
                raise ConfigError("keys must be text", where=f"values.{where}", received=key)
            _tracked(each, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for position, each in enumerate(value):
            _tracked(each, f"{where}[{position}]")
    elif not isinstance(value, Trackable):  # type: ignore[misc]  # TensorFlow is untyped
        raise ConfigError(
            "must be something that TensorFlow tracks: a variable, model, optimizer, iterator or tf.Module",
            where=f"values.{where}",
            received=value,
            hint="numbers and text can be `metadata`",
        )
    return wrapped(value)
