"""The loop of a running `fit`: which callbacks it has, where it is in the data, and how it begins elsewhere.

Keras hands none of it to callbacks. What is private of Keras, and needed to go on within an epoch, is here.
"""

from __future__ import annotations

import inspect
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

import optiplug

from .untyped import Batches, Callback, Dataset, KerasModel, Logs

__all__ = ["Loop", "Position", "loop_of"]


@dataclass(frozen=True)
class Position:
    """How far a `fit` is.

    `first` is the epoch that it began with; `batches` are those done in `epoch`, `total` those of all epochs.
    """

    first: int = 0
    epoch: int = 0
    batches: int = 0
    total: int = 0


class Loop(ABC):
    """The loop of a `fit` that is running.

    `arguments` are those of `fit`, `iterator` is what the batches of the epoch come from, `pending` says
    whether there is something to restore, and `ended` whether no epoch is trained.
    """

    def __init__(self, model: KerasModel, arguments: Mapping[str, Any]) -> None:
        self.model, self.arguments, self.callbacks = model, arguments, arguments["callbacks"]
        self.iterator: Batches = None
        self.pending = self.ended = False
        self._start, self._counted, self._trained = Position(), False, False
        self._restore: Callable[[Batches], None] = lambda _: None

    @property
    @abstractmethod
    def dataset(self) -> Dataset:
        """The data as TensorFlow has it."""

    @property
    @abstractmethod
    def together(self) -> int:
        """How many batches a call of the train function trains."""

    @property
    @abstractmethod
    def goes_through_epochs(self) -> bool:
        """Whether one iterator serves all epochs."""

    def begin_at(self, position: Position, counted: bool, restore: Callable[[Batches], None]) -> None:
        """Let the loop begin in the middle.

        `restore` is called with the iterator, before a batch that is not done, when there is all that
        training creates. If the batches done are `counted`, they are drawn and dropped; else `restore` moves
        the iterator.
        """
        self._start, self._counted, self._restore, self.pending = position, counted, restore, True

    def end_at_once(self, epochs: int, restore: Callable[[Batches], None]) -> None:
        """Restore, and let no epoch be trained."""
        self.ended = True
        iterator = iter(self.dataset)
        self._train(iterator)
        restore(iterator)

    def forget(self) -> None:  # noqa: B027  # not all keep it
        """Let a later `fit` begin where it is told to."""

    def _finish(self, iterator: Batches) -> None:
        self.pending = False
        self._restore(iterator)

    def _draw(self, iterator: Batches, batches: int) -> None:
        """Draw batches. The first are trained with: only that creates all variables."""
        while batches > 0:
            if self._trained:
                next(iterator)
                batches -= 1
            else:
                self._train(iterator)
                batches -= self.together

    def _train(self, iterator: Batches) -> None:
        self._trained = True
        self.model.train_function(iterator)

    def _drop(self, iterator: Batches, batches: int) -> None:
        """Draw the batches of this epoch that are done."""
        try:
            self._draw(iterator, batches)
        except (StopIteration, tf.errors.OutOfRangeError):
            raise optiplug.StateError(
                "the data has fewer batches than were done in this epoch",
                received=self._start.batches,
                hint="call `fit` with the data that it was called with before",
            ) from None


def loop_of(callback: Callback) -> Loop:
    """Return the loop of the `fit` that has just called a callback.

    Raises
    ------
    ConfigError
        If it is not the loop of Keras.
    """
    frame = inspect.currentframe()
    while frame is not None:
        names = dict(frame.f_locals)
        callbacks = names.get("callbacks")
        if any(each is callback for each in getattr(callbacks, "callbacks", None) or ()):
            if hasattr(names.get("epoch_iterator"), "_enumerate_iterator"):
                return Keras3Loop(callback.model, names)
            if hasattr(names.get("data_handler"), "enumerate_epochs"):
                return TFKerasLoop(callback.model, names)
        frame = frame.f_back
    raise optiplug.ConfigError(
        "works in the `fit` of Keras on TensorFlow only, whose data it has to find",
        where=type(callback).__name__,
        received=callback.model,
        hint="save with `optiplug.checkpoint.Checkpoints` in a loop of your own",
    )


class Keras3Loop(Loop):
    """The loop of Keras 3: one object enumerates the executions of each epoch."""

    def __init__(self, model: KerasModel, arguments: Mapping[str, Any]) -> None:
        super().__init__(model, arguments)
        epochs = arguments["epoch_iterator"]
        self._epochs, self._executions = epochs, epochs._enumerate_iterator  # noqa: SLF001
        epochs._enumerate_iterator = self._enumerate  # noqa: SLF001

    @property
    def dataset(self) -> Dataset:
        return self._epochs._get_iterator()  # noqa: SLF001  # the data set is called so

    @property
    def together(self) -> int:
        return int(self.model.steps_per_execution)

    @property
    def goes_through_epochs(self) -> bool:
        # Whatever it is then, it begins anew when it is at its end.
        return False

    def begin_at(self, position: Position, counted: bool, restore: Callable[[Batches], None]) -> None:
        super().begin_at(position, counted, restore)
        self.model._initial_epoch = position.epoch  # noqa: SLF001  # as Keras' BackupAndRestore does

    def end_at_once(self, epochs: int, restore: Callable[[Batches], None]) -> None:
        super().end_at_once(epochs, restore)
        self.model._initial_epoch = epochs  # noqa: SLF001

    def _finish(self, iterator: Batches) -> None:
        super()._finish(iterator)
        model, results = self.model, self.model._get_metrics_result_or_logs  # noqa: SLF001

        # What Keras asks for the logs of an epoch in which it trained no batch, all being done.
        def results_so_far(logs: Logs) -> Any:
            del model._get_metrics_result_or_logs  # noqa: SLF001
            return results(logs or model.get_metrics_result())

        model._get_metrics_result_or_logs = results_so_far  # noqa: SLF001

    def forget(self) -> None:
        self.model._initial_epoch = None  # noqa: SLF001  # Keras would keep it

    def _enumerate(self) -> Iterator[tuple[int, int, Any]]:
        if self.pending and self._counted:
            self._draw_epochs()
        for first, last, iterator in self._executions():
            self.iterator = iterator
            if self.pending and self._counted and first < self._start.batches:
                self._drop(iterator, self.together)
            if self.pending and first < self._start.batches:
                continue
            if self.pending and not self._counted:
                self._train(iterator)
            if self.pending:
                self._finish(iterator)
            yield first, last, iterator

    def _draw_epochs(self) -> None:
        for _ in range(self._start.first, self._start.epoch):
            # What Keras says of data that comes to its end it has said before.
            with warnings.catch_warnings(action="ignore"), self._epochs.catch_stop_iteration():
                for _first, _last, iterator in self._executions():
                    self._draw(iterator, self.together)


class TFKerasLoop(Loop):
    """The loop of tf_keras: a handler of data enumerates the epochs, and the executions of each."""

    def __init__(self, model: KerasModel, arguments: Mapping[str, Any]) -> None:
        super().__init__(model, arguments)
        handler = arguments["data_handler"]
        self._handler = handler
        self._all_epochs, self._all_steps = handler.enumerate_epochs, handler.steps
        handler.enumerate_epochs, handler.steps = self._enumerate, self._steps

    @property
    def dataset(self) -> Dataset:
        return self._handler._dataset  # noqa: SLF001

    @property
    def together(self) -> int:
        return int(self._handler._steps_per_execution.numpy())  # noqa: SLF001

    @property
    def goes_through_epochs(self) -> bool:
        return not self._handler._adapter.should_recreate_iterator()  # noqa: SLF001

    def _enumerate(self) -> Iterator[tuple[int, Any]]:
        if self.ended:
            return
        if self.pending:
            # What `fit` has set it to since the callbacks were told that it begins.
            self._handler._initial_epoch = self._start.first if self._counted else self._start.epoch  # noqa: SLF001
        for epoch, iterator in self._all_epochs():
            self.iterator = iterator
            if self.pending and epoch < self._start.epoch:
                self._draw_epoch(iterator)
                continue
            yield epoch, iterator

    def _draw_epoch(self, iterator: Batches) -> None:
        with self._handler.catch_stop_iteration():
            for _ in self._all_steps():
                self._draw(iterator, self._handler.step_increment + 1)

    def _steps(self) -> Iterator[int]:
        if self.pending:
            if self._counted:
                self._drop(self.iterator, self._start.batches)
            else:
                self._train(self.iterator)
            self._finish(self.iterator)
            self._handler._initial_step = self._start.batches  # noqa: SLF001
        yield from self._all_steps()
