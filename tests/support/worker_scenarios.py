"""What two workers do together for the tests of `tests/distributed`, one scenario after the other."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

import optiplug
from optiplug import _distribution as distribution
from optiplug import _tf_private as private
from optiplug._distribution import waiting
from optiplug._distribution.agreement import agree
from optiplug._distribution.workers import VARIABLE, workers_of
from support.worker_matrix import (
    CALLS,
    CONFIGS,
    MODES,
    WINDOWS,
    Run,
    alone,
    batches,
    every_call,
    place,
    train,
    workers,
)

SCENARIOS = [
    *["matrix", "packs", "numbers", "other_config", "other_variables"],
    *["known_workers", "agreements", "shared_texts", "counted_sums"],
    *["loaded_alone", "loaded_alone_in_a_graph", "loaded_late"],
    *["saved_by_the_chief", "restored", "restored_from_one"],
    *["windows", "windows_saved", "windows_restored", "built_alone"],
]

CELLS = {
    "sgdm": "eager",
    "full": "graph",
    "partition": "dataset",
    "sparse": "loop",
    "lazy": "graph",
    "late": "graph",
    "schedule": "eager",
}
QUICK = ("sgdm", "full", "sparse")
HALF = CALLS // 2


def prepare(folder: Path) -> None:
    """Save what a process alone has trained, for `restored_from_one` and `windows_restored`."""
    Run(alone(), "full").train(batches(broken=True)[:HALF]).checkpoint.write(str(folder / "one"))
    within_window(alone()).checkpoint.write(str(folder / "window"))


@contextmanager
def longest_wait(seconds: float) -> Any:
    """Let workers wait for no longer than this."""
    os.environ[VARIABLE] = str(seconds)
    try:
        yield
    finally:
        del os.environ[VARIABLE]


def refused(function: Any, *arguments: Any) -> dict[str, Any]:
    """Return how a call fails because of another worker, and after how many seconds."""
    started = time.monotonic()
    try:
        function(*arguments)
    except optiplug.WorkerError as error:
        return {
            "class": type(error).__name__,
            "text": str(error),
            "seconds": time.monotonic() - started,
            "workers": list(getattr(error, "workers", ())),
        }
    return {"class": None}


def known_workers() -> dict[str, Any]:
    """Tell who this worker knows."""
    known = workers_of(workers())
    return {"names": known.names, "own": known.own, "others": known.others}


def agreements() -> list[Any]:
    """Agree, do not agree, and agree again."""
    known = workers_of(workers())
    results = []
    for said in ("same", str(known.own), "same"):
        told = refused(lambda: agree(known, "a test", {"this": said}, rule="differ", hint="do not"))  # noqa: B023
        results.append(told["class"])
    return results


def shared_texts() -> dict[str, Any]:
    """Share a text, and read those of both workers and one that nobody shares."""
    private.share_text(f"test/{place(workers())[0]}", f"from {place(workers())[0]}")
    mine, theirs = (private.shared_text(f"test/{position}", 30) for position in (0, 1))
    return {"mine": mine, "theirs": theirs, "missing": private.shared_text("test/nobody", 0.2)}


def counted_sums() -> dict[str, int]:
    """Sum numbers eagerly and in a function, and count the threads that were started."""
    watch = waiting._watch(workers_of(workers()))
    before, threads = [int(watch.begun), int(watch.done)], _threads()

    def total() -> Any:
        return distribution.sum_over_replicas([tf.constant(1.0)])[0]

    for _ in range(3):
        assert float(workers().run(total)) == 2.0
    traced = tf.function(lambda: workers().run(total))
    for _ in range(4):
        assert float(traced()) == 2.0
    return {
        "begun": int(watch.begun) - before[0],
        "done": int(watch.done) - before[1],
        "threads": _threads() - threads,
    }


def _threads() -> int:
    """Return how many threads this process has, those of TensorFlow included."""
    return len(list(Path("/proc/self/task").iterdir()))


def matrix() -> dict[str, Any]:
    """Train some cells of the matrix."""
    return {config: train(workers(), config, CELLS[config]) for config in QUICK}


def every_config() -> dict[str, Any]:
    """Train each config in one mode."""
    return {config: train(workers(), config, mode) for config, mode in CELLS.items()}


def full_matrix() -> dict[str, Any]:
    """Train every config in every mode."""
    return {f"{config} {mode}": train(workers(), config, mode) for config in CONFIGS for mode in MODES}


def in_single() -> dict[str, Any]:
    """Train everything together in single precision."""
    return train(workers(), "full", "graph", "float32")


def packs() -> dict[str, int]:
    """Count what 300 vectors of 64 become."""
    with workers().scope():
        vectors = [tf.Variable(tf.ones(64), name=f"vector_{number}") for number in range(300)]
        optimizer = optiplug.create("adam", learning_rate=0.1)
    optimizer.build(vectors)
    return {
        "states": len(optimizer.state.states),
        "created": len(optimizer.state.created),
        "packs": len(optimizer.state.packs),
    }


def numbers() -> list[Any]:
    """Convert the counter and the rate to numbers of Python, outside and inside of a replica."""
    run = Run(workers(), "sgdm").train(batches()[:2], "eager")
    optimizer = run.optimizer
    inside: list[Any] = []
    workers().run(lambda: inside.append([int(optimizer.iterations), float(optimizer.learning_rate)]))
    return [int(optimizer.iterations), float(optimizer.learning_rate), *inside]


def other_config() -> dict[str, Any]:
    """Build with a clip on one worker only."""
    chief = place(workers())[0] == 0
    run = Run(workers(), {**CONFIGS["sgdm"], **({} if chief else {"global_clipnorm": 1.0})})
    return refused(run.optimizer.build, run.variables)


def other_variables() -> dict[str, Any]:
    """Build with the same variables in another order, in a step that is traced."""
    run = Run(workers(), "sgdm")
    if place(workers())[0]:
        run.variables[1], run.variables[3] = run.variables[3], run.variables[1]
    return refused(tf.function(lambda: run.optimizer.build(run.variables)))


def loaded_alone(graph: bool = False) -> dict[str, Any]:
    """Load state on the first worker only, after it was built and before it is first used."""
    run = Run(workers(), "sgdm")
    run.optimizer.build(run.variables)
    store: dict[str, Any] = {}
    run.optimizer.save_own_variables(store)
    if place(workers())[0] == 0:
        run.optimizer.load_own_variables({**store, "iterations": 5})
    told = refused(in_worker_errors, lambda: run.train(batches()[:1], "graph" if graph else "eager"))
    return told | {"iterations": int(run.optimizer.iterations)}


def loaded_alone_in_a_graph() -> dict[str, Any]:
    """Do the same, with a step that is traced."""
    return loaded_alone(graph=True)


def in_worker_errors(function: Any) -> None:
    """Call a function as users are told to."""
    with optiplug.worker_errors():
        function()


def loaded_late() -> list[Any]:
    """Load state on all workers after a step was traced."""
    run = Run(workers(), "sgdm")
    step = tf.function(lambda x: workers().run(run.step, args=(x,)))
    part = tf.constant(batches()[0, :4])
    step(part)
    store: dict[str, Any] = {}
    run.optimizer.save_own_variables(store)
    run.optimizer.load_own_variables({**store, "iterations": 5})
    step(part)
    traces = list(run.optimizer.__dict__["__optiplug__"].programs.traces)
    return [int(run.optimizer.iterations), len(traces)]


def built_alone() -> dict[str, Any]:
    """Build on one worker while the other does not, and then the other way round."""
    run, position = Run(workers(), "sgdm"), place(workers())[0]
    with longest_wait(1):
        if position == 0:  # by then the other has waited for this one
            time.sleep(3)
        return refused(run.optimizer.build, run.variables)


def saved_by_the_chief() -> str:
    """Save in the middle of training, the chief alone, and go on."""
    run, path = Run(workers(), "full").train(batches(broken=True)[:HALF]), str(Path.cwd() / "chief")
    if place(workers())[0] == 0:
        run.checkpoint.write(path)
    return path


def restored(name: str = "chief") -> dict[str, Any]:
    """Go on from what the chief has saved."""
    run = Run(workers(), "full")
    run.checkpoint.read(str(Path.cwd() / name))
    return run.train(batches(broken=True)[HALF:], "graph").values()


def restored_from_one() -> dict[str, Any]:
    """Go on from what a process alone has saved."""
    return restored("one")


def within_window(strategy: Any) -> Run:
    """Train up to a call in which nothing is stepped; one process sums in every call."""
    config = WINDOWS["plain"] if strategy is not alone() else every_call(WINDOWS["plain"])
    return Run(strategy, config).train(batches()[: HALF - 1], "eager")


def windows() -> dict[str, Any]:
    """Train with sums over workers in the last call of each step."""
    return {name: Run(workers(), each).train(windowed(name)).values() for name, each in WINDOWS.items()}


def windowed(name: str) -> Any:
    """Return the batches of such a run."""
    return batches(broken=name == "gated")


def windows_saved() -> dict[str, Any]:
    """Save alone when nothing is held, then when something is, which is refused, then together."""
    run, position = Run(workers(), WINDOWS["plain"]).train(batches()[:2]), place(workers())[0]
    told: dict[str, Any] = {"path": str(Path.cwd() / f"within-{position}"), "refused": ""}
    if position == 0:
        run.checkpoint.write(str(Path.cwd() / "alone"))
    run.train(batches()[2:3])
    if position == 0:  # while the other one waits in the next step
        with longest_wait(1):
            try:
                run.checkpoint.write(str(Path.cwd() / "refused"))
            except optiplug.ReplicaContextError as error:
                told["refused"] = str(error)
    run.train(batches()[3 : HALF - 1])
    run.checkpoint.write(told["path"])
    return told | {"values": run.train(batches()[HALF - 1 :]).values()}


def windows_restored() -> dict[str, Any]:
    """Go on from what a process alone has saved in the middle of a window."""
    run = Run(workers(), WINDOWS["plain"])
    run.checkpoint.read(str(Path.cwd() / "window"))
    return run.train(batches()[HALF - 1 :]).values()
