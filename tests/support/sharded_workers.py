"""What each worker of a cluster does to try out sharded state; what it returns is written as JSON."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug import WorkerError, worker_errors
from support import lost_workers, workers
from support.sharded_runs import CONFIGS, SHAPES, Run, assert_same

IN_GRAPH = {"gates", "adam"}
# Two replicas have each a row of it; and one that goes alone from a worker to another.
ALL: Shapes = {**SHAPES, "pair": (2, 9_001), "large": (300, 301)}
Shapes = Mapping[str, tuple[int, ...]]
HALF, END = range(3), range(3, 5)
SAVED = {"use": "adam", "learning_rate": 0.1, "use_ema": True, "jit_compile": False}


def equal_runs(saved_in: str, names: Iterable[str], *, compiled: bool) -> dict[str, Any]:
    """Train with each kind of state, and leave a checkpoint of the last run in a folder of this worker."""
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    for name in names:
        options = {"graph": name in IN_GRAPH, "shapes": ALL, "exact": False}
        config = {**CONFIGS[name], **({} if compiled else {"jit_compile": False})}
        runs = [Run(strategy, config, sharded=each, **options) for each in (True, False)]
        for run in runs:
            run.train(HALF, broken=name == "gates").train(END, only=["table", "bias"])
        assert_same(*runs)
    last = runs[0]
    report, count = last.optimizer.state_report(), strategy.num_replicas_in_sync
    last.checkpoint.write(f"{saved_in}/worker-{strategy.cluster_resolver.task_id}")
    return {"held": report.device_total / report.total, "replicas": count, "hash": digest(last)}


def going_on(path: str) -> str:
    """Go on from a checkpoint that was written elsewhere."""
    run = Run(tf.distribute.MultiWorkerMirroredStrategy(), CONFIGS["chain"], sharded=True).train(range(1))
    run.checkpoint.restore(path).expect_partial()
    return digest(run.train(END))


def training(graph: bool) -> dict[str, Any]:
    """Train until another worker is lost, and return how that was told."""
    run = Run(tf.distribute.MultiWorkerMirroredStrategy(), SAVED, sharded=True, graph=graph, shapes=ALL)
    for call in range(100_000):
        started = time.monotonic()
        try:
            with worker_errors() if graph else nullcontext():
                run.train([call])
        except WorkerError as error:
            return lost_workers.told(error, started)
        workers.say(call)
    return {"class": None}


def saving(saved_in: str) -> dict[str, Any]:
    """Save on the first worker alone, which is refused, then on all, and count how often they gather."""
    from optiplug import ReplicaContextError
    from optiplug._state import shared_value

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    worker = strategy.cluster_resolver.task_id
    run, refusal = Run(strategy, SAVED, sharded=True).train(HALF), ""
    if worker == 0:
        os.environ["OPTIPLUG_WORKER_TIMEOUT"] = "1"
        try:
            run.checkpoint.write(f"{saved_in}/alone")
        except ReplicaContextError as error:
            refusal = str(error)
        del os.environ["OPTIPLUG_WORKER_TIMEOUT"]
    run.train(END)
    gathered, counted = shared_value.distribution.gathered, list[int]()
    shared_value.distribution.gathered = lambda *given: counted.append(1) or gathered(*given)
    run.checkpoint.write(f"{saved_in}/{worker}")
    shared_value.distribution.gathered = gathered
    return {"refusal": refusal, "gathers": len(counted), "hash": digest(run)}


def digest(run: Run) -> str:
    """Return a hash of all bits of model and state."""
    known = hashlib.sha256()
    for name, value in (run.model | run.state).items():
        known.update(name.encode() + np.ascontiguousarray(value).tobytes())
    return known.hexdigest()


def alone(path: str | Path, config: Mapping[str, Any], shapes: Shapes = SHAPES) -> Run:
    """Return a run of this process alone that has what a checkpoint has."""
    run = Run(tf.distribute.get_strategy(), config, sharded=True, shapes=shapes)
    run.optimizer.build(run.variables)
    run.checkpoint.restore(str(path)).expect_partial()
    return run


def run_workers(function: Callable[..., Any], count: int, within: Path, /, **arguments: Any) -> list[Any]:
    """Run one of these functions in so many workers, and return what they return."""
    name = f"{__name__}:{function.__name__}"
    return workers.run(name, {"worker": count}, within, 250, **arguments)
