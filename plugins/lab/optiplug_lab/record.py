"""What a run leaves in its folder: its config, the rows of metrics.csv, checkpoints and the result."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optiplug import ConfigError, Tensor
from optiplug.checkpoint import Checkpoints, latest_valid, saved_steps
from optiplug.checkpoint.files import replace_file, replacing
from optiplug.errors import ChangedInputsError

from .config import MULTI_WORKER, TrainConfig
from .curves import draw_curves
from .folder import RunFolder
from .former import FORMER, adopt
from .inputs import Inputs, refusal
from .metrics import Metrics
from .rows import read_metrics
from .summary import Summary
from .trainer import Trainer

__all__ = ["Record"]


class Record:
    """Writes what a run leaves; of several workers the chief alone has one.

    Parameters
    ----------
    config, folder, trainer
        What to train, where, and what it has to save; the folder is claimed by who made it.
    inputs
        What decides the numbers.
    """

    def __init__(self, config: TrainConfig, folder: RunFolder, trainer: Trainer, inputs: Inputs) -> None:
        self._folder, self._inputs, self._steps = folder, inputs, config.steps
        # With the versions that it was made with, as a record.
        self.config = config.model_copy(update={"versions": inputs.versions})
        self._checkpoints = Checkpoints(
            folder.checkpoints, trainer.values, identity=inputs.sections, asynchronous=True
        )
        self._metrics = Metrics(folder.metrics, trainer.readings, folder.events)
        self._history: list[dict[str, object]] = []
        self._notes: list[str] = []

    def close(self) -> None:
        """Return when all that was saved is on the disk."""
        self._checkpoints.close()

    def open(self, resume: bool, allow_changed: Collection[str], *, several: bool) -> tuple[str, int | None]:
        """Return the folder, and the step to go on from; None where the run begins."""
        path, checkpoints = str(self._folder.path.absolute()), self._folder.checkpoints
        if not resume:
            return path, None
        saved = saved_steps(checkpoints)
        if not saved:
            self._folder.check_unbegun()
            changed = self._inputs.changes_of(self._folder.config_in_force, self._allowed(allow_changed))
            self._folder.say("No step has been saved: the run starts from step 0.")
            self._notes = self._changed(0, changed)
            return path, None
        if adopt(self._folder, self._inputs.sections):
            self._folder.say(FORMER)
        # One that is damaged is passed over, which the others have to know before.
        whole = latest_valid(checkpoints).saved if several else None
        return path, (whole or saved[-1]).step

    def resume(self, allow_changed: Collection[str], *, rebuild_metrics: bool) -> int:
        """Restore the newest checkpoint that is whole, and return its step."""
        try:
            restored = self._checkpoints.restore(allow_changed=self._allowed(allow_changed))
        except ChangedInputsError as error:
            raise refusal(error.differences, self._folder.path) from None
        if restored.step > self._steps:
            rule = f"the run has taken {restored.step} steps already"
            raise ConfigError(rule, where="steps", received=self._steps)
        self._history = list(restored.metadata.get("history", ()))
        self._metrics.resume(restored.step, restored.metadata.get("metrics", {}), rebuild=rebuild_metrics)
        self._folder.record(self.config, self._changed(restored.step, restored.changed))
        return restored.step

    def _allowed(self, allow_changed: Collection[str]) -> Collection[str]:
        # The sum over the workers is the same sum, however many there are.
        several = self.config.strategy == MULTI_WORKER
        return {*allow_changed, "replicas"} if several else allow_changed

    def begin(self, evaluation: Mapping[str, float]) -> None:
        """Write what a run has before its first step."""
        self._folder.record(self.config, self._notes)
        self._metrics.start(evaluation)

    def _changed(self, step: int, changed: Sequence[tuple[str, str, str]]) -> list[str]:
        """Note what the run goes on with from here that was something else; return it in words."""
        if changed:
            self._history.append({"step": step, "changed": [list(each) for each in changed]})
        notes = [f"After step {step}: {name} was {before}, is {now}" for name, before, now in changed]
        for note in notes:
            self._folder.say(note)
        return notes

    def train(self, step: int) -> None:
        """Begin to take steps after so many."""
        if step < self._steps:
            self._folder.result.unlink(missing_ok=True)  # of a shorter run, which now goes on

    def add(self, step: int, values: Tensor, evaluation: Mapping[str, float] | None) -> None:
        """Keep the readings of a step, and the evaluation after it if there was one."""
        self._metrics.add(step, values)
        if evaluation is not None:
            self._metrics.evaluated(step, evaluation)

    def latest(self) -> Mapping[str, float]:
        """Write the rows that were kept, and return the last of each column."""
        self._folder.verify()
        self._metrics.flush()
        return self._metrics.latest

    def save(self, step: int) -> None:
        """Save metrics, then state: the rows of saved steps are always there."""
        if self._checkpoints.step == step:
            return
        self._folder.verify()
        metadata = {"metrics": self._metrics.commit(), "history": self._history}
        self._checkpoints.save(step, metadata=metadata)

    def wait(self) -> None:
        """Return when what was saved is on the disk."""
        self._checkpoints.wait()

    def finish(self, summary: Summary, weights: Mapping[str, Any]) -> Summary:
        """Write weights, curves and the result, and return it with the last figures of metrics.csv."""
        with replacing(self._folder.weights) as file:
            np.savez(file, **dict(weights))
        draw_curves(self._folder.metrics, self._folder.curves, dict(summary.final))
        columns = read_metrics(self._folder.metrics)
        last = {name: points[-1][1] for name, points in columns.items() if points}
        whole = replace(summary, last=last)
        text = json.dumps(whole.as_json(), indent=2, allow_nan=False)
        replace_file(self._folder.result, f"{text}\n")
        return whole
