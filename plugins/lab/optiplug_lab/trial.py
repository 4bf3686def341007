"""A short run without a folder: nothing is written, and whoever listens may end it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import tensorflow as tf

from optiplug import BuildError, Tensor

from .config import TrainConfig
from .trainer import Trainer

__all__ = ["Evaluation", "trial"]


@dataclass(frozen=True)
class Evaluation:
    """What is known of a run at one of its steps.

    `figures` are what the task says of the final values that the variables would have if this were the end,
    such as their averages. `loss` is the mean training loss of the steps since the evaluation before, NaN at
    step 0. `seconds` is the time of the steps so far, less evaluations and the first step, which compiles.
    """

    step: int
    figures: Mapping[str, float]
    loss: float
    seconds: float

    @property
    def diverged(self) -> bool:
        """Whether the training loss is no finite number any more."""
        return self.step > 0 and not math.isfinite(self.loss)


def trial(config: TrainConfig) -> Iterator[Evaluation]:
    """Take the steps of a config; yield evaluations at the start, every `evaluate_every` and at the end.

    Close the iterator to take no more steps. The numbers are those of `optiplug train` with this config.

    Raises
    ------
    ConfigError
        If the config breaks a rule that only shows with the task at hand.
    """
    trainer, losses, seconds = Trainer(config), list[Tensor](), 0.0
    yield Evaluation(0, _final_figures(trainer), math.nan, seconds)
    started = time.perf_counter()
    for step in range(1, config.steps + 1):
        losses.append(trainer.step(tf.constant(step - 1, tf.int64))[0])
        if step == 1:
            losses[0].numpy()
            started = time.perf_counter()
        if step % config.evaluate_every and step != config.steps:
            continue
        loss = float(tf.reduce_mean(tf.stack(losses)))
        seconds += time.perf_counter() - started
        losses.clear()
        yield Evaluation(step, _final_figures(trainer), loss, seconds)
        started = time.perf_counter()


def _final_figures(trainer: Trainer) -> dict[str, float]:
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(BuildError):  # of an optimizer that keeps no averages
            stack.enter_context(trainer.optimizer.averaged_weights())
        return trainer.evaluate()
