"""A planned run, trained from its first or its last saved step to its end."""

from __future__ import annotations

import contextlib
import gc
import math
import re
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from optiplug import BrokenPluginError, BuildError, Tensor
from optiplug.errors import in_one_line, nearest
from optiplug_lab.config import TrainConfig
from optiplug_lab.folder import RunFolder
from optiplug_lab.rows import read_metrics, span
from optiplug_lab.run import Run

from .outcome import Moment, Outcome, Pace
from .plan import PlannedRun

__all__ = ["sizes", "trained"]

_LONGEST = 300
_TRACED = re.compile(r"^ +\w+: (.*)$", re.MULTILINE)

Told = Callable[[int], None]
"""Hears of the steps that a run has taken."""


class _DivergedError(Exception):
    pass


def trained(planned: PlannedRun, folder: Path, figure: str, told: Told) -> Outcome | None:
    """Train a run to its end in its folder of the comparison in `folder`, and leave there how it ended.

    What it raises becomes its outcome. It is None, and nothing is done, if the run has ended already.

    Parameters
    ----------
    planned, folder
        The run and the comparison.
    figure
        What it will be judged by; the name may be empty.
    told
        Hears how it goes.

    Raises
    ------
    ClaimedError
        If another process has the run.
    """
    path = folder / planned.folder
    with RunFolder(path, say=_log) as run_folder:
        # It may have ended since somebody looked.
        if Outcome.read(path) is not None:
            return None
        outcome = _outcome(planned, run_folder, figure, told)
        outcome.write(path)
    gc.collect()
    return outcome


def sizes(config: TrainConfig, variables: Mapping[str, object]) -> dict[str, int]:
    """Return the number of parameters, and of the bytes of state for them."""
    # Not of the optimizer that trains, in which there are the readings of the run.
    report = config.optimizer.create().state_report(list(variables.values()))
    parameters = sum(math.prod(each.shape) for each in report.variables)
    return {"parameters": parameters, "state_bytes": report.total}


def _outcome(planned: PlannedRun, folder: RunFolder, figure: str, told: Told) -> Outcome:
    known: dict[str, Any] = {}
    told(0)
    try:
        config = TrainConfig(**planned.config)
        # What an equal run does in a process of its own.
        tf.random.set_seed(config.seed)
        with Run(config, folder, resume=folder.config.exists()) as run:
            known |= sizes(config, run.trainer.variables)
            course = _Course(run, figure, told)
            run.train(course)
    except _DivergedError as reason:
        return Outcome(ended="diverged", problem=str(reason), **known)
    except Exception as error:  # noqa: BLE001  # whatever it is, the others go on
        traceback.print_exc()
        return Outcome(ended="failed", problem=_reason(error), **known)
    return Outcome(ended="done", **known)


class _Course:
    """Follows a run: times its steps, evaluates averages, and ends it when it has diverged."""

    def __init__(self, run: Run, figure: str, told: Told) -> None:
        self._run, self._told = run, told
        self._every = run.config.evaluate_every
        self._pace = Pace(run.folder.path, run.step)
        self._times: list[float] = []
        self._is_first = True
        self._step, run.trainer.step = run.trainer.step, self._timed
        _require_figure(run, figure)
        # Of a run that was killed after it had saved this step.
        if self._pace.last < run.step and run.step % self._every == 0:
            self._pace.add(Moment(step=run.step, figures=_averaged(run)))
        told(run.step)

    def _timed(self, step: Tensor, workers: Tensor | None) -> Tensor:
        started = time.perf_counter()
        readings = self._step(step, workers)
        readings.numpy()  # which waits for it
        if not self._is_first:
            self._times.append(time.perf_counter() - started)
        self._is_first = False
        return readings

    def update(self, step: int, figures: Mapping[str, float]) -> None:
        """Hear of the latest figures."""
        self._told(step)
        if step % self._every and step != self._run.config.steps:
            return
        seconds = tuple(round(each, 6) for each in self._times)
        self._times.clear()
        self._pace.add(Moment(step=step, figures=_averaged(self._run), seconds=seconds))
        if not math.isfinite(figures["loss"]):
            self._require_a_loss(step)

    def _require_a_loss(self, step: int) -> None:
        """End a run that has had no finite loss since the evaluation before."""
        first = (step - 1) // self._every * self._every + 1
        losses = [value for each, value in read_metrics(self._run.folder.metrics)["loss"] if each >= first]
        if not any(map(math.isfinite, losses)):
            raise _DivergedError(f"the training loss was {losses[-1]} in {span(first, step)}")


def _require_figure(run: Run, figure: str) -> None:
    # As it is there: an evaluation more might draw numbers that the run would draw.
    columns = read_metrics(run.folder.metrics)
    known = [name.removeprefix("test_") for name in columns if name.startswith("test_")]
    if not known or (figure and figure not in known):
        rule = f"returns no figure {figure!r}" if figure else "returns no figure to judge by"
        hint = nearest(figure, known) or f"there is {', '.join(known) or 'none'}"
        raise BrokenPluginError(rule, where=f"{type(run.trainer.task).__name__}.evaluate", hint=hint)


def _averaged(run: Run) -> dict[str, float]:
    """Return the figures that the variables would have if this were the end; none if they are as they are."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(run.trainer.optimizer.averaged_weights())
        except BuildError:  # of an optimizer that keeps no averages
            return {}
        return run.trainer.evaluate()


def _reason(error: Exception) -> str:
    """Return an error in a line."""
    text = str(error).strip()
    name = "" if type(error).__module__.startswith("optiplug") else f"{type(error).__name__}: "
    # Of what is raised while a step is traced, TensorFlow first says where that was.
    if text.startswith("in user code") and (traced := _TRACED.search(text)):
        text = traced[1]
    return in_one_line(name + text.partition("\n")[0])[:_LONGEST]


def _log(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # which is the log of this process
