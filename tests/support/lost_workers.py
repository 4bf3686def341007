"""Training that a lost worker ends, for the tests of `tests/distributed`."""

from __future__ import annotations

import time
from typing import Any

import tensorflow as tf

import optiplug
from support import workers as processes
from support.worker_matrix import Run, batches, place, workers

STANDS_STILL = 3  # the step after which the second worker takes no more, where one is to stand still
LOADED = 50  # `iterations` of what one worker loads alone
TOO_LATE = 120.0


def train(graph: bool, still: bool = False, loads: bool = False) -> dict[str, Any]:
    """Train until another worker is lost, and return how that was told.

    If one is to stand still the second worker does, and if one `loads` state alone the first one, after the
    same step.
    """
    run = Run(workers(), "sgdm")
    part = tf.constant(batches()[0, :4])

    def step() -> None:
        workers().run(run.step, args=(part,))

    call, count, began = tf.function(step) if graph else step, 0, time.monotonic()
    while time.monotonic() - began < TOO_LATE:
        if still and count == STANDS_STILL and place(workers())[0] == 1:
            time.sleep(TOO_LATE)
        if loads and count == STANDS_STILL and place(workers())[0] == 0:
            load(run.optimizer)
        started = time.monotonic()
        try:
            if graph:
                with optiplug.worker_errors():
                    call()
            else:
                call()  # `apply_gradients` tells by itself
        except optiplug.WorkerError as error:
            return told(error, started) | {"iterations": int(run.optimizer.iterations)}
        count += 1
        processes.say(count)
    return {"class": None}


def load(optimizer: Any) -> None:
    """Load the state that there is, with other `iterations`."""
    store: dict[str, Any] = {}
    optimizer.save_own_variables(store)
    optimizer.load_own_variables({**store, "iterations": LOADED})


def create(alone: int) -> dict[str, Any]:
    """Create state on one worker alone, before the optimizer is built."""
    run = Run(workers(), "sgdm")
    if place(workers())[0] != alone:
        time.sleep(TOO_LATE)
    started = time.monotonic()
    try:
        with run.strategy.scope():
            return {"class": None, "iterations": int(run.optimizer.iterations)}
    except optiplug.WorkerError as error:
        return told(error, started)


def told(error: optiplug.WorkerError, started: float) -> dict[str, Any]:
    """Return what an error tells."""
    return {
        "class": type(error).__name__,
        "text": str(error),
        "workers": list(getattr(error, "workers", ())),
        "seconds": time.monotonic() - started,
    }
