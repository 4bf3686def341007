"""A signal that asks one worker to end, and after which step all of them do."""

from __future__ import annotations

from collections import deque
from signal import Signals

import numpy as np
import tensorflow as tf

from optiplug import Tensor

from .interruption import Interruption
from .workers import Workers

__all__ = ["Ending"]


class Ending:
    """Whether a signal has asked any worker to end, as all know it after the same step.

    Every step sums over the workers which signal each has had. What is looked at are the sums of the step
    before the last, so that no step waits for its own values. A process alone ends after the step under way.

    Parameters
    ----------
    workers, interruption
        Who has to agree, and what this one was asked.
    """

    def __init__(self, workers: Workers, interruption: Interruption) -> None:
        self._workers, self._interruption = workers, interruption
        self._sums: deque[Tensor] = deque(maxlen=2)

    def told(self) -> Tensor | None:
        """Return what this worker adds to the sums: the number of its signal, in its place; None if alone."""
        if self._workers.alone:
            return None
        numbers = np.zeros(self._workers.count, np.float32)
        numbers[self._workers.index] = self._interruption.requested or 0
        return tf.constant(numbers)

    def readings(self, values: Tensor) -> Tensor:
        """Return the readings of a step; the sums, which follow them, are kept."""
        if self._workers.alone:
            return values
        self._sums.append(values[-self._workers.count :])
        return values[: -self._workers.count]

    @property
    def signal(self) -> Signals | None:
        """The signal for which all end now; None to take another step."""
        if self._workers.alone:
            return self._interruption.requested
        return next((Signals(number) for number in self._heard() if number), None)

    @property
    def asked(self) -> str:
        """Who was asked, in words; empty for a process alone."""
        return " and ".join(f"worker {place}" for place, number in enumerate(self._heard()) if number)

    def _heard(self) -> list[int]:
        return [int(each) for each in np.rint(self._sums[0].numpy())] if len(self._sums) == 2 else []
