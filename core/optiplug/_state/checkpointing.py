"""What checkpoints of one optimizer hold, and how they are restored."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from optiplug._tf_private import SavedObject, Trackable, children_of, forget_waiting, release, track
from optiplug.errors import ConfigError

from .manifest import Description, Manifest, parsed
from .saved_state import (
    MANIFEST,
    STATE,
    keys_by_name,
    require_tensors,
    saved_description,
    values_by_name,
    values_in_saved_model,
)
from .state_io import StateIO
from .table import SlotTable

__all__ = ["Checkpointing"]


class Checkpointing:
    """The state of one optimizer in checkpoints and its description, which is checked before a restore.

    `name` returns the name in messages, and `built` whether state exists.
    """

    def __init__(
        self,
        optimizer: Trackable,
        table: SlotTable,
        io: StateIO,
        name: Callable[[], str],
        built: Callable[[], bool],
    ) -> None:
        self._optimizer, self._table, self._io = optimizer, table, io
        self._name, self._built = name, built
        self._children = {STATE: table.node, MANIFEST: Manifest(io.describe, self._restore)}
        # What the checkpoint that is being read has of the optimizer.
        self._saved: tuple[Description, SavedObject] | None = None

    def track(self) -> None:
        """Make the state a part of the checkpoints of the optimizer."""
        for name, child in self._children.items():
            track(self._optimizer, name, child)

    def require_tracked(self) -> None:
        """Refuse an attribute that TensorFlow tracks in the place of the state: checkpoints would lose it."""
        tracked = children_of(self._optimizer)
        for name, child in self._children.items():
            if tracked.get(name) is not child:
                raise ConfigError(
                    f"an attribute {name!r} cannot hold variables: checkpoints keep the state of the "
                    "optimizer under that name",
                    where=type(self._optimizer).__name__,
                    received=tracked.get(name),
                    hint="give the attribute another name",
                )

    def before_restore(self, saved: SavedObject) -> None:
        """Refuse what a checkpoint has of the optimizer, if that is not what an optimizer wrote."""
        description = saved_description(saved, self._name())
        self._io.is_older(description)
        self._saved = description, saved

    def saved_keys(self, present: SavedObject, saved: SavedObject) -> dict[str, str] | None:
        """Return the key in a checkpoint by that which each state variable has now.

        None if values have to be migrated, or to wait for variables. Otherwise they must be read next, as
        the state counts as that of the checkpoint.
        """
        description = saved_description(saved, self._name())
        here, there = keys_by_name(present), keys_by_name(saved)
        if here.keys() != there.keys() or self._io.is_older(description):
            return None
        self._io.restore(description, saved)
        names = {name: self._table.saved_name(name) for name in here}
        if set(names.values()) != there.keys():
            return None
        return {here[name]: there[then] for name, then in names.items() if then is not None}

    def _restore(self, text: object) -> None:
        """Restore the state that a checkpoint has, of which this is the description."""
        if self._saved is None:  # TensorFlow passes over a child without values, which so was not looked at.
            description = parsed(text, self._name())
            require_tensors({}, description, self._name())
            self._io.is_older(description)
            self._io.restore(description, None)
            return
        (description, saved), self._saved = self._saved, None
        values = values_in_saved_model(saved, description, self._name())
        if values is None and self._io.is_older(description):
            # TensorFlow has decided where everything goes, which migrated state need not know.
            values = values_by_name(saved, description, self._name())
        if values is None:
            self._io.restore(description, saved)
            release(self._optimizer, self._children[STATE])
            return
        # TensorFlow cannot restore the parts of a joined variable either.
        forget_waiting(self._optimizer)
        if self._built():
            self._io.load_from(values, description, saved)
        else:
            told = "the state in a SavedModel is not restored before `build`, and starts afresh"
            warnings.warn(f"{self._name()}: {told}.", stacklevel=2)
