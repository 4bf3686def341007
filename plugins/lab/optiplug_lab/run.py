"""A training run, from its first or its last saved step to its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from optiplug import ConfigError

from .checkpoints import Checkpoints
from .config import TrainConfig
from .curves import draw_curves
from .folder import RunFolder
from .interruption import Interruption
from .metrics import Metrics
from .trainer import READINGS, Trainer

__all__ = ["Progress", "Run", "Summary"]


class Progress(Protocol):
    """Who is told how a run goes."""

    def update(self, step: int, figures: Mapping[str, float]) -> None:
        """Hear of the readings of a step and the latest evaluation."""
        ...


@dataclass(frozen=True)
class Summary:
    """How a run ended: `trained` as the last step left the variables, `final` as they were finalized."""

    steps: int
    seconds: float
    steps_per_second: float
    trained: Mapping[str, float]
    final: Mapping[str, float]


class Run:
    """A config, its trainer and its folder; a resumed run starts at its newest checkpoint."""

    def __init__(self, config: TrainConfig, folder: RunFolder, *, resume: bool = False) -> None:
        self.config, self.folder = config, folder
        self.trainer = Trainer(config)
        values = {"variables": self.trainer.variables, "optimizer": self.trainer.optimizer}
        self._checkpoints = Checkpoints(folder.checkpoints, values, config.identity())
        self._metrics = Metrics(folder.metrics, READINGS)
        self.step = self._resume() if resume else self._start()

    def _start(self) -> int:
        self.folder.write_config(self.config)
        self._evaluation = self.trainer.evaluate()
        self._metrics.start(self._evaluation)
        self._checkpoints.save(0)
        return 0

    def _resume(self) -> int:
        step = self._checkpoints.restore()
        if step > self.config.steps:
            raise ConfigError(
                f"the run has taken {step} steps already", where="steps", received=self.config.steps
            )
        self._metrics.resume(step)
        self.folder.write_config(self.config)
        self._evaluation = self.trainer.evaluate()
        return step

    def train(self, progress: Progress) -> Summary:
        """Take all steps that remain, save, finalize the variables and draw the curves.

        Raises
        ------
        KeyboardInterrupt
            If interrupted; the steps taken are saved.
        """
        first, started = self.step, time.perf_counter()
        traced = started
        with Interruption() as interruption:
            while self.step < self.config.steps and not interruption.requested:
                self._take_step(progress)
                # The first step traces and compiles, which the speed leaves out.
                if self.step == first + 1:
                    traced = time.perf_counter()
        if self.step < self.config.steps:
            self._save()
            raise KeyboardInterrupt
        ended = time.perf_counter()
        speed = (self.step - first - 1) / (ended - traced) if self.step > first + 1 else 0.0
        return Summary(self.step, ended - started, speed, self._evaluation, self._finalize())

    def _take_step(self, progress: Progress) -> None:
        config, last = self.config, self.step + 1 == self.config.steps
        values = self.trainer.step(tf.constant(self.step, tf.int64))
        self.step += 1
        self._metrics.add(self.step, values)
        if last or self.step % config.evaluate_every == 0:
            self._evaluation = self.trainer.evaluate()
            self._metrics.evaluated(self.step, self._evaluation)
        if last or self.step % config.checkpoint_every == 0:
            self._save()
        if last or self.step % config.log_every == 0:
            self._metrics.flush()
            progress.update(self.step, {**self._metrics.latest, **self._evaluation})

    def _save(self) -> None:
        """Save metrics, then state: the rows of saved steps are always there."""
        self._metrics.flush()
        self._checkpoints.save(self.step)

    def _finalize(self) -> Mapping[str, float]:
        self.trainer.finalize()
        final = self.trainer.evaluate()
        weights: dict[str, Any] = {name: each.numpy() for name, each in self.trainer.variables.items()}
        np.savez(self.folder.weights, **weights)
        draw_curves(self.folder.metrics, self.folder.curves, final)
        return final
