"""A running `fit` as what is saved of it, and restored."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug
from optiplug.checkpoint import Checkpoints, SavedStep, latest_valid, saved_steps

from .callback_states import CallbackStates
from .epoch_loops import Loop, Position
from .fit_data import FitData, copied
from .fit_identity import identity_of_fit
from .random_states import generators_of, global_seed, read_states, set_states, unsaved_layers
from .untyped import Batches, Callback

__all__ = ["SavedFit"]

_KIND = "optiplug_keras.Checkpoint"
# A `fit` that broke off in this process told nobody, and the next one is to go on in its folder.
_open: dict[Path, Checkpoints] = {}


class SavedFit:
    """What is saved of a `fit`: model, place in the data, random numbers, and what callbacks remember.

    `position` is how far it is.
    """

    def __init__(
        self,
        loop: Loop,
        folder: Path,
        others: list[Callback],
        data: Mapping[str, object],
        options: Mapping[str, Any],
    ) -> None:
        self.loop, self.position = loop, Position()
        self._folder, self._options, self._told = folder, options, data
        self._data = FitData(loop.arguments, loop.dataset)
        self._states = CallbackStates(others)
        self._checkpoints: Checkpoints | None = None
        # Iterators change from epoch to epoch, and what callbacks remember from save to save.
        self._place = tf.Module()
        self._counted: bool | None = None
        self._remembered: Callable[[], None] = lambda: None

    def begin(self, epochs: int, allowed: Collection[str]) -> bool:
        """Let the loop go on where it was saved; return whether it was.

        Raises
        ------
        StateError
            If something else is in the folder, or all that is there is damaged.
        """
        saved = self._newest()
        if saved is None:
            return False
        known = saved.manifest.metadata
        if known.get("kind") != _KIND:
            raise optiplug.StateError("was not saved by this callback", where=str(saved.path))
        self._counted, position = known["counted"], Position(**known["position"])

        def restore(iterator: Batches) -> None:
            self._restore(iterator, saved, allowed)

        if known["stopped"] or position.epoch >= epochs:
            self.loop.end_at_once(epochs, restore)
        else:
            # A `fit` that came to its end, and is to train more epochs now, had no iterator for them.
            self.loop.begin_at(position, self._counted or known["final"], restore)
        return True

    def save(self, *, final: bool = False, stopped: bool = False) -> None:
        """Save all of it as it is now: before a batch, or at the `final` end of the last epoch.

        Nothing is saved where no batch was done since the last save: to go on from there comes to the same.
        """
        if self._checkpoints is not None and self._checkpoints.step == self.position.total:
            return
        self._hold(iterator=None if self._counted or final else self.loop.iterator)
        if final:
            self._hold(seeds=None)
        arrays = self._states.arrays()
        self._place.arrays = _mapped(tf.Variable, arrays)
        metadata = {
            "kind": _KIND,
            "position": asdict(self.position),
            "counted": self._counted,
            "final": final,
            "stopped": stopped,
            "callbacks": self._states.read(),
            "arrays": _mapped(lambda each: [str(each.dtype), each.shape], arrays),
            "random": read_states(),
        }
        self._opened().save(self.position.total, metadata=metadata)

    def look_at_data(self) -> None:
        """Find out how the place in the data can be saved, before any is drawn."""
        if self._counted is None:
            self._counted = self._must_count()
            self._tell()

    def remember(self) -> None:
        """Let the callbacks remember what was restored, if they were told since that a `fit` begins."""
        if self.loop.ended:
            self._remembered()

    def end(self, delete: bool) -> None:
        """Return when all is on the disk; then, if told so, remove it."""
        self._close()
        if delete:
            for saved in saved_steps(self._folder):
                shutil.rmtree(saved.path)

    def _hold(self, **iterators: Batches) -> None:
        for name, iterator in iterators.items():
            # What was there is tracked until it is deleted.
            if hasattr(self._place, name):
                delattr(self._place, name)
            if iterator is not None:
                setattr(self._place, name, iterator)

    def _close(self) -> None:
        former = _open.pop(self._folder.resolve(), None)
        if former is not None:
            former.close()

    def _newest(self) -> SavedStep | None:
        self._close()
        latest = latest_valid(self._folder)
        if latest.saved is None and latest.skipped:
            raise latest.skipped[-1][1]
        return latest.saved

    def _restore(self, iterator: Batches, saved: SavedStep, allowed: Collection[str]) -> None:
        known = saved.manifest.metadata
        if not self._counted and not known["final"]:
            self._hold(iterator=iterator, seeds=iter(self.loop.dataset))
        self._place.arrays = _mapped(lambda each: tf.Variable(np.zeros(each[1], each[0])), known["arrays"])
        restored = self._opened().restore(allow_changed=allowed)
        if restored.step != saved.step:
            raise optiplug.StateError("was damaged while it was read", where=str(saved.path))
        if hasattr(self._place, "iterator"):
            # After the iterator, as it changes them.
            place = tf.train.Checkpoint(seeds=self._place.seeds)
            tf.train.Checkpoint(place=place).restore(str(saved.path / "values")).expect_partial()
        elif not self._counted and not self.loop.ended:
            self._must_count()
        if known["final"]:
            # They were saved as they are at the end of an epoch.
            self.loop.model.reset_metrics()
        self.position = Position(**known["position"])
        arrays = _mapped(lambda each: each.numpy(), self._place.arrays)
        self._remembered = lambda: self._states.set(known["callbacks"], arrays)
        self._remembered()
        set_states(known["random"])

    def _opened(self) -> Checkpoints:
        if self._checkpoints is None:
            model = self.loop.model
            data = {**self._data.identity, "together": self.loop.together, "seed": global_seed()}
            data |= self._told
            values = {
                "model": model,
                "variables": list(model.variables),
                "metrics": [variable for metric in model.metrics for variable in metric.variables],
                "generators": generators_of(model),
                "place": self._place,
            }
            identity = identity_of_fit(model, data=data)
            self._checkpoints = Checkpoints(self._folder, values, identity=identity, **self._options)
            _open[self._folder.resolve()] = self._checkpoints
        return self._checkpoints

    def _must_count(self) -> bool:
        """Whether the place in the data is how many batches are done: the iterator does not tell all."""
        known = self._data.arrays and (not self._data.shuffled or global_seed() is not None)
        if known and self.loop.goes_through_epochs:
            # Keras leaves the order of the coming epochs out of what its iterator of arrays saves.
            return True
        copy = copied(self.loop.iterator, self.loop.dataset)
        reason = copy if isinstance(copy, str) else None
        self._hold(seeds=None if reason else copy)
        if reason and not known:
            warnings.warn(
                f"the place in the data is saved as a number of batches, since {reason}: to go on, they are "
                "drawn again from the beginning, which is right only if the data is then the same again.",
                stacklevel=2,
            )
        return reason is not None

    def _tell(self) -> None:
        for layer in unsaved_layers(self.loop.model):
            warnings.warn(
                f"the random numbers of the layer {layer!r} are kept where they cannot be saved, "
                "and begin anew when `fit` goes on: call `tf_keras.backend.experimental."
                "enable_tf_random_generator()` before the model is made.",
                stacklevel=2,
            )
        unsaved = list(self._states.unsaved())
        if unsaved:
            warnings.warn(f"these attributes of callbacks are not saved: {', '.join(unsaved)}.", stacklevel=2)


def _mapped(
    change: Callable[[Any], Any], arrays: Mapping[str, Mapping[str, list[Any]]]
) -> dict[str, dict[str, list[Any]]]:
    """Return what a function makes of each array of the callbacks."""
    return {
        key: {name: [change(each) for each in values] for name, values in known.items()}
        for key, known in arrays.items()
    }
