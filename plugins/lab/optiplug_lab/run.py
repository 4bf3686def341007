"""A training run, from its first or its last saved step to its end."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import tensorflow as tf

from optiplug import ConfigError, registry
from optiplug.checkpoint import Checkpoints, saved_steps
from optiplug.checkpoint.files import replace_file, replacing
from optiplug.errors import ChangedInputsError

from .config import TrainConfig
from .curves import draw_curves
from .folder import RunFolder
from .former import FORMER, adopt
from .inputs import Inputs, refusal
from .interruption import Interruption
from .metrics import Metrics, read_metrics
from .trainer import Trainer

__all__ = ["Progress", "Run", "Summary"]

_SILENCE = 10.0


class Progress(Protocol):
    """Who is told how a run goes."""

    def update(self, step: int, figures: Mapping[str, float]) -> None:
        """Hear of the latest of each reading and evaluation: what metrics.csv calls by these names."""
        ...


@dataclass(frozen=True)
class Summary:
    """How a run ended.

    `final` are the figures of the variables as they were finalized, `trained` as the last step left them,
    `last` the last of each column of metrics.csv. `seconds` and `steps_per_second`, which leaves the first
    step out, are those of the process that ended the run; None if it took no step or only one.
    """

    steps: int
    final: Mapping[str, float]
    trained: Mapping[str, float]
    last: Mapping[str, float]
    seconds: float
    steps_per_second: float | None
    devices: list[str]
    task: str
    optimizer: str
    seed: int

    def as_json(self) -> dict[str, object]:
        """Return it for programs: JSON has no NaN, for which None stands."""
        return {"format": 1, **_finite(asdict(self))}


class Run:
    """A config, its trainer and its folder; a resumed run starts at its newest checkpoint that is whole.

    When it is left, all that was saved is on the disk.

    Parameters
    ----------
    config, folder
        What to train and where; the folder is claimed by who made it.
    resume
        Go on with the run in the folder, which must have the same inputs: config, data, versions, replicas.
    allow_changed
        Sections of these inputs that may differ.
    rebuild_metrics
        Write metrics.csv again where it does not hold the rows of the run.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        *,
        resume: bool = False,
        allow_changed: Collection[str] = (),
        rebuild_metrics: bool = False,
    ) -> None:
        self.folder = folder
        self.trainer = Trainer(config)
        inputs = Inputs(config, self.trainer)
        # With the versions that it was made with, as a record.
        self.config = config.model_copy(update={"versions": inputs.versions})
        values = {"variables": self.trainer.variables, "optimizer": self.trainer.optimizer}
        self._checkpoints = Checkpoints(
            folder.checkpoints, values, identity=inputs.sections, asynchronous=True
        )
        self._metrics = Metrics(folder.metrics, self.trainer.readings, folder.events)
        self._history: list[dict[str, object]] = []
        self._heard = math.inf
        self.step = 0
        if resume:
            self._resume(inputs, allow_changed, rebuild_metrics)
        else:
            self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._checkpoints.__exit__(kind, error, trace)

    def _start(self, notes: Sequence[str] = ()) -> None:
        # Before anything is written: a task that cannot be evaluated leaves no folder.
        self._evaluation = self.trainer.evaluate()
        self.folder.record(self.config, notes)
        self._metrics.start(self._evaluation)
        self._save()
        self._checkpoints.wait()

    def _resume(self, inputs: Inputs, allow_changed: Collection[str], rebuild_metrics: bool) -> None:
        if not saved_steps(self.folder.checkpoints):
            self.folder.check_unbegun()
            changed = inputs.changes_of(self.folder.config_in_force, allow_changed)
            self.folder.say("No step has been saved: the run starts from step 0.")
            self._start(self._changed(changed))
            return
        if adopt(self.folder, inputs.sections):
            self.folder.say(FORMER)
        try:
            restored = self._checkpoints.restore(allow_changed=allow_changed)
        except ChangedInputsError as error:
            raise refusal(error.differences, self.folder.path) from None
        if restored.step > self.config.steps:
            rule = f"the run has taken {restored.step} steps already"
            raise ConfigError(rule, where="steps", received=self.config.steps)
        self.step = restored.step
        self._history = list(restored.metadata.get("history", ()))
        self._metrics.resume(self.step, restored.metadata.get("metrics", {}), rebuild=rebuild_metrics)
        self.folder.record(self.config, self._changed(restored.changed))
        self._evaluation = self.trainer.evaluate()

    def _changed(self, changed: Sequence[tuple[str, str, str]]) -> list[str]:
        """Note what the run goes on with from here that was something else; return it in words."""
        if changed:
            self._history.append({"step": self.step, "changed": [list(each) for each in changed]})
        notes = [f"After step {self.step}: {name} was {before}, is {now}" for name, before, now in changed]
        for note in notes:
            self.folder.say(note)
        return notes

    def train(self, progress: Progress) -> Summary:
        """Take all steps that remain, save, finalize the variables and draw the curves.

        Raises
        ------
        KeyboardInterrupt
            If interrupted; the steps taken are saved.
        """
        if self.step < self.config.steps:
            self.folder.result.unlink(missing_ok=True)  # of a shorter run, which now goes on
        first, started = self.step, time.perf_counter()
        traced = started
        with Interruption() as interruption:
            while self.step < self.config.steps and not interruption.requested:
                self._take_step(progress)
                self.folder.keep()
                # The first step traces and compiles, which the speed leaves out.
                if self.step == first + 1:
                    traced = self._heard = time.perf_counter()
            if self.step < self.config.steps:
                self._save()
                self._checkpoints.wait()
                self.folder.keep()
                raise KeyboardInterrupt(interruption.requested)
        self._checkpoints.wait()
        ended = time.perf_counter()
        speed = (self.step - first - 1) / (ended - traced) if self.step > first + 1 else None
        return self._finalize(ended - started, speed)

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
        # Steps may be so slow that `log_every` of them take minutes.
        silent = time.perf_counter() - self._heard > _SILENCE
        if silent:
            self._heard = time.perf_counter()
        if last or silent or self.step % config.log_every == 0:
            self.folder.verify()
            self._metrics.flush()
            progress.update(self.step, self._metrics.latest)

    def _save(self) -> None:
        """Save metrics, then state: the rows of saved steps are always there."""
        if self._checkpoints.step == self.step:
            return
        self.folder.verify()
        metadata = {"metrics": self._metrics.commit(), "history": self._history}
        self._checkpoints.save(self.step, metadata=metadata)

    def _finalize(self, seconds: float, speed: float | None) -> Summary:
        self.trainer.finalize()
        final, config = self.trainer.evaluate(), self.config
        weights: dict[str, Any] = {name: each.numpy() for name, each in self.trainer.variables.items()}
        with replacing(self.folder.weights) as file:
            np.savez(file, **weights)
        draw_curves(self.folder.metrics, self.folder.curves, final)
        columns = read_metrics(self.folder.metrics)
        summary = Summary(
            steps=self.step,
            final=final,
            trained=self._evaluation,
            last={name: points[-1][1] for name, points in columns.items() if points},
            seconds=seconds,
            steps_per_second=speed,
            devices=self.trainer.devices,
            task=registry.reference_of(type(config.task)),
            optimizer=registry.reference_of(type(config.optimizer)),
            seed=config.seed,
        )
        text = json.dumps(summary.as_json(), indent=2, allow_nan=False)
        replace_file(self.folder.result, f"{text}\n")
        return summary


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
