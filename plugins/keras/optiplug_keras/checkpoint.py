"""A callback of Keras that saves a `fit` as it runs, and lets it go on where it broke off."""

from __future__ import annotations

import time
import warnings
from collections.abc import Collection, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path

import keras
import tensorflow as tf

import optiplug

from .epoch_loops import Position, loop_of
from .saved_fit import SavedFit
from .untyped import Callback, Logs

__all__ = ["Checkpoint"]


_OF_SEVERAL_PROCESSES = (
    tf.distribute.MultiWorkerMirroredStrategy,
    tf.distribute.experimental.ParameterServerStrategy,
)


class _Hooks(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """A callback for Keras 3 and tf_keras."""

    # What tf_keras asks of a callback of its own.
    _supports_tf_logs = True
    _chief_worker_only = False

    def _implements_train_batch_hooks(self) -> bool:
        return True

    def _implements_test_batch_hooks(self) -> bool:
        return False

    def _implements_predict_batch_hooks(self) -> bool:
        return False


class Checkpoint(_Hooks):
    """Saves a `fit` as it runs; the same `fit`, called again, goes on where it broke off.

    It goes on within an epoch, too, for models of Keras 3 and of tf_keras. What is saved is the model with
    its optimizer and metrics, the place in the data, the states of random numbers (of layers, Python and
    NumPy), the history, and what other callbacks remember, so that what goes on equals what was never broken
    off. A save is whole or absent whenever the process is killed, and is verified before it is used.

    Parameters
    ----------
    folder
        Where the steps are saved, of this `fit` alone.
    every, minutes, epochs
        Save after so many batches, minutes, and epochs; None: not for that reason.
    keep
        How many saved steps stay, None: all.
    asynchronous
        Whether training goes on while files are written.
    delete_checkpoint
        Whether what was saved is removed when `fit` has ended, so that the next one begins afresh.
    data
        JSON that tells the data apart, such as a version. The content of arrays is compared anyway.
    allow_changed
        Which of "config", "data", "versions" and "replicas" may differ from what was saved.

    Raises
    ------
    ConfigError
        If an argument is none of these.
    StateError
        In `fit`, if what was saved cannot be continued: one of its kinds says whether it is damaged, of other
        inputs, or of another model.

    Examples
    --------
    >>> import tempfile, keras, numpy as np, optiplug_keras
    >>> def fit(epochs, folder):
    ...     keras.utils.set_random_seed(0)
    ...     model = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
    ...     model.compile(optimizer="optiplug:sgd", loss="mse")
    ...     inputs = np.arange(16.0).reshape(8, 2) / 16
    ...     saving = optiplug_keras.Checkpoint(folder, every=2)
    ...     options = {"batch_size": 2, "epochs": epochs, "callbacks": [saving], "verbose": 0}
    ...     return model.fit(inputs, inputs[:, :1], **options)
    >>> folder = tempfile.mkdtemp()
    >>> _ = fit(1, folder)
    >>> fit(3, folder).history == fit(3, tempfile.mkdtemp()).history
    True
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        every: int | None = None,
        minutes: float | None = None,
        epochs: int | None = 1,
        keep: int | None = 2,
        asynchronous: bool = True,
        delete_checkpoint: bool = False,
        data: Mapping[str, object] | None = None,
        allow_changed: Collection[str] = (),
    ) -> None:
        super().__init__()
        for name, value in (("every", every), ("epochs", epochs), ("keep", keep)):
            if value is not None and (type(value) is not int or value < 1):
                raise optiplug.ConfigError(
                    "must be None or a whole number from 1 on", where=name, received=value
                )
        if minutes is not None and not minutes > 0:
            raise optiplug.ConfigError("must be None or above 0", where="minutes", received=minutes)
        self.folder = Path(folder)
        self._every, self._seconds, self._epochs = every, minutes and 60 * minutes, epochs
        self._options = {"keep": keep, "asynchronous": asynchronous}
        self._delete, self._told, self._allowed = delete_checkpoint, dict(data or {}), allow_changed
        # Set when a `fit` begins.
        self._fit: SavedFit
        self._fresh = self._due = False
        self._saved_at = 0.0

    def on_train_begin(self, logs: Logs = None) -> None:
        loop = loop_of(self)
        if isinstance(self.model.distribute_strategy, _OF_SEVERAL_PROCESSES):
            raise optiplug.ConfigError(
                "saves what one process trains", where="Checkpoint", received=self.model.distribute_strategy
            )
        others = [each for each in loop.callbacks.callbacks if not isinstance(each, Checkpoint | _First)]
        if len(others) + 1 < sum(not isinstance(each, _First) for each in loop.callbacks.callbacks):
            raise optiplug.ConfigError("one of them saves a `fit`", where="callbacks", received=others)
        # First where something begins, and last where it ends. Keras goes through the old list meanwhile.
        loop.callbacks.callbacks = [_First(self), *others, self]
        self._fit = SavedFit(loop, self.folder, others, self._told, self._options)
        self._fresh = not self._fit.begin(self.params["epochs"], self._allowed)
        if not self._fresh:
            _warn_of_emptied_files(others)
        self._due, self._saved_at = False, time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        position = self._fit.position
        done = min(batch + 1, self.params.get("steps") or batch + 1)
        total = position.total + done - position.batches
        self._fit.position = replace(position, batches=done, total=total)
        if self._every and total // self._every > position.total // self._every:
            self._due = True
        if self._seconds and time.monotonic() - self._saved_at >= self._seconds:
            self._due = True

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._require_restored()
        self._fit.position = replace(self._fit.position, epoch=epoch + 1, batches=0)
        if self._epochs and (epoch + 1 - self._fit.position.first) % self._epochs == 0:
            self._due = True
        stopped = bool(self.model.stop_training)
        if stopped or epoch + 1 >= self.params["epochs"]:
            self._save_if_due(final=True, stopped=stopped)

    def on_train_end(self, logs: Logs = None) -> None:
        self._fit.end(self._delete)
        del self._fit

    def epoch_begins(self, epoch: int) -> None:
        """Learn which epoch is the first."""
        if self._fresh:
            self._fit.position = Position(first=epoch, epoch=epoch)
            self._fresh = False
        self._fit.loop.forget()

    def batch_begins(self) -> None:
        """Save what was due: only here there is all that the next batch depends on, the iterator included."""
        self._require_restored()
        self._fit.look_at_data()
        self._save_if_due()

    def train_ends(self) -> None:
        """Let the callbacks know what they knew, if there was nothing left to train."""
        self._fit.loop.forget()
        self._fit.remember()

    def _save_if_due(self, **how: bool) -> None:
        if self._due:
            self._fit.save(**how)
            self._due, self._saved_at = False, time.monotonic()

    def _require_restored(self) -> None:
        if self._fit.loop.pending:
            raise optiplug.StateError(
                "the data came to its end before the place that was saved", where=str(self.folder)
            )


class _First(_Hooks):
    """Tells a `Checkpoint` what happens before the other callbacks hear of it."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self._checkpoint = checkpoint

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._checkpoint.epoch_begins(epoch)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._checkpoint.batch_begins()

    def on_train_end(self, logs: Logs = None) -> None:
        self._checkpoint.train_ends()


def _warn_of_emptied_files(callbacks: list[Callback]) -> None:
    for each in callbacks:
        if type(each).__name__ == "CSVLogger" and not getattr(each, "append", True):
            warnings.warn(
                f"CSVLogger empties {each.filename!r} when `fit` goes on: give it append=True.", stacklevel=2
            )
