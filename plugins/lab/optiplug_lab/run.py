"""A training run, from its first or its last saved step to its end."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import tensorflow as tf

from optiplug import registry, worker_errors

from .cluster import Cluster
from .config import TrainConfig
from .ending import Ending
from .folder import RunFolder
from .follower import Follower
from .inputs import Inputs
from .interruption import Interruption
from .record import Record
from .summary import Summary
from .trainer import Trainer
from .words import say

__all__ = ["Progress", "Run"]

_SILENCE = 10.0


class Progress(Protocol):
    """Who is told how a run goes."""

    def update(self, step: int, figures: Mapping[str, float]) -> None:
        """Hear of the latest of each reading and evaluation: what metrics.csv calls by these names."""
        ...


class Run:
    """A config, its trainer and its folder; a resumed run starts at its newest checkpoint that is whole.

    When it is left, all that was saved is on the disk. Several workers take the same steps; the chief alone
    has the folder, writes into it, and decides whether the run begins or goes on.

    Parameters
    ----------
    config, folder
        What to train and where; the folder is claimed by who made it. None on a worker that is not the chief.
    cluster
        The workers; None for a process alone.
    resume
        Go on with the run in the folder, which must have the same inputs: config, data, versions, replicas.
        The number of workers may be another.
    allow_changed
        Sections of these inputs that may differ.
    rebuild_metrics
        Write metrics.csv again where it does not hold the rows of the run.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder | None,
        *,
        cluster: Cluster | None = None,
        resume: bool = False,
        allow_changed: Collection[str] = (),
        rebuild_metrics: bool = False,
    ) -> None:
        self.trainer = Trainer(config, cluster)
        workers, inputs = self.trainer.workers, Inputs(config, self.trainer)
        workers.require_same({name: inputs.sections[name] for name in ("data", "versions", "device")})
        record = self._record = None if folder is None else Record(config, folder, self.trainer, inputs)
        self.config = config if record is None else record.config
        self._heard = math.inf
        path, last = workers.of_chief(
            None if record is None else lambda: record.open(resume, allow_changed, several=workers.count > 1)
        )
        self.folder = folder or RunFolder(Path(path), say=say, cluster=cluster)
        self._follower = Follower(self.trainer, self.folder.checkpoints) if record is None else None
        self.step = 0
        if last is not None:
            # Together, as each may have a part of the state.
            self.step, *_ = workers.together(lambda: self._restored(last, allow_changed, rebuild_metrics))
        # Before anything is written: a task that cannot be evaluated leaves no folder.
        self._evaluation = self.trainer.evaluate()
        if last is None:
            workers.together(self._begin)

    def _restored(self, last: int, allow_changed: Collection[str], rebuild_metrics: bool) -> int:
        if self._record is not None:
            return self._record.resume(allow_changed, rebuild_metrics=rebuild_metrics)
        return self._follower.restore(last) if self._follower else last

    def _begin(self) -> None:
        if self._record is not None:
            self._record.begin(self._evaluation)
        self._save()
        if self._record is not None:
            self._record.wait()

    def _save(self) -> None:
        if self._record is not None:
            self._record.save(self.step)
        elif self._follower is not None:
            self._follower.save(self.step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._follower is not None:
            self._follower.close()
            if isinstance(error, Exception):
                self.folder.explain(error)
        if self._record is not None:
            self._record.close()

    def train(self, progress: Progress | None = None) -> Summary:
        """Take all steps that remain, save, finalize the variables and draw the curves.

        Raises
        ------
        KeyboardInterrupt
            If interrupted, on this worker or on another one; the steps taken are saved.
        """
        if self._record is not None:
            self._record.train(self.step)
        first, started = self.step, time.perf_counter()
        traced = started
        with Interruption() as interruption, worker_errors():
            ending = Ending(self.trainer.workers, interruption)
            while self.step < self.config.steps and not ending.signal:
                self._take_step(progress, ending)
                self.folder.keep()
                # The first step traces and compiles, which the speed leaves out.
                if self.step == first + 1:
                    traced = self._heard = time.perf_counter()
            if self.step < self.config.steps:
                self._interrupted(ending)
        if self._record is not None:
            self._record.wait()
        ended = time.perf_counter()
        speed = (self.step - first - 1) / (ended - traced) if self.step > first + 1 else None
        return self._finalize(ended - started, speed)

    def _interrupted(self, ending: Ending) -> None:
        self._save()
        if self._record is not None:
            self._record.wait()
        self.folder.keep()
        if ending.asked and ending.signal:
            self.folder.say(f"{ending.asked} had {ending.signal.name}: all end after step {self.step}.")
        raise KeyboardInterrupt(ending.signal)

    def _take_step(self, progress: Progress | None, ending: Ending) -> None:
        config, last = self.config, self.step + 1 == self.config.steps
        taken = self.trainer.step(tf.constant(self.step, tf.int64), ending.told())
        readings = ending.readings(taken)
        self.step += 1
        evaluated = last or self.step % config.evaluate_every == 0
        if evaluated:
            # By all of them, so that none waits for another.
            self._evaluation = self.trainer.evaluate()
        if self._record is not None:
            self._record.add(self.step, readings, self._evaluation if evaluated else None)
        if last or self.step % config.checkpoint_every == 0:
            self._save()
        if self._record is None:
            return
        # Steps may be so slow that `log_every` of them take minutes.
        silent = time.perf_counter() - self._heard > _SILENCE
        if silent:
            self._heard = time.perf_counter()
        if last or silent or self.step % config.log_every == 0:
            latest = self._record.latest()
            if progress is not None:
                progress.update(self.step, latest)

    def _finalize(self, seconds: float, speed: float | None) -> Summary:
        self.trainer.finalize()
        summary = Summary(
            steps=self.step,
            final=self.trainer.evaluate(),
            trained=self._evaluation,
            last={},
            seconds=seconds,
            steps_per_second=speed,
            devices=self.trainer.devices,
            task=registry.reference_of(type(self.config.task)),
            optimizer=registry.reference_of(type(self.config.optimizer)),
            seed=self.config.seed,
        )
        if self._record is None:
            return summary
        held = {**self.trainer.variables, **self.trainer.state}
        weights = {name: each.numpy() for name, each in held.items()}
        return self._record.finish(summary, weights)
