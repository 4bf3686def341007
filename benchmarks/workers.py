"""The step of many small variables on two workers of one machine, beside that of one process."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from .part import Case, Options, Part, Row

__all__ = ["PART"]

VECTORS, SIZE, STEPS = 300, 64, 50
OPTIMIZER = {"use": "adam", "learning_rate": 1e-3}
FORMS = {"one process": (1, True), "2 workers": (2, True), "2 workers, not joined": (2, False)}
Times = Mapping[str, float]


def cases(options: Options) -> Iterable[Case]:
    """Yield the one case of this part; a quick run leaves out what takes a minute to compile."""
    forms = {label: form for label, form in FORMS.items() if form[1] or not options.quick}
    yield partial(rows, forms, options.rounds)


def rows(forms: Mapping[str, tuple[int, bool]], rounds: int) -> list[Row]:
    """Return a row for each form: medians over some rounds, and their ratios to one process."""
    # In turns, so that what else the machine does hits all alike.
    runs: dict[str, list[Times]] = {label: [] for label in forms}
    for _ in range(rounds):
        for label, form in forms.items():
            runs[label].append(started(*form))
    medians = {
        label: {name: statistics.median(run[name] for run in each) for name in each[0]}
        for label, each in runs.items()
    }
    alone = medians["one process"]
    return [
        (
            label,
            f"{own['build']:.2f} s",
            f"{own['first']:.2f} s",
            f"{own['first'] / alone['first']:.2f}",
            f"{1e3 * own['step']:.2f} ms",
            f"{own['step'] / alone['step']:.2f}",
        )
        for label, own in medians.items()
    ]


def started(count: int, joined: bool) -> Times:
    """Start so many workers, and return what the first one has measured."""
    addresses = free_addresses(count)
    with ExitStack() as stack:
        processes = []
        for index in range(count):
            told = json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})
            environment = {**os.environ, **({"TF_CONFIG": told} if count > 1 else {})}
            command = [sys.executable, "-m", __name__, json.dumps(joined)]
            process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)  # noqa: S603
            processes.append(stack.enter_context(process))
            stack.callback(process.kill)
        said = [process.communicate(timeout=600)[0] for process in processes]
    times: Times = json.loads(said[0].splitlines()[-1])
    return times


def free_addresses(count: int) -> list[str]:
    """Return addresses of this machine on which nobody listens."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def measure(joined: bool) -> Times:
    """Be one of them: build, take a first step and others, and return the seconds of each."""
    import tensorflow as tf

    import optiplug

    several = "TF_CONFIG" in os.environ
    strategy = tf.distribute.MultiWorkerMirroredStrategy() if several else tf.distribute.get_strategy()
    with strategy.scope():
        vectors = [tf.Variable(tf.ones(SIZE), name=f"vector_{number}") for number in range(VECTORS)]
        optimizer = optiplug.from_config({**OPTIMIZER, "pack_small_variables": joined})
    building = seconds(lambda: optimizer.build(vectors))
    gradients = [tf.fill([SIZE], 0.1) for _ in vectors]

    @tf.function
    def step() -> Any:
        def on_replica() -> None:
            # Of the replica: a captured constant has no device.
            given = [gradient * 1.0 for gradient in gradients]
            optimizer.apply_gradients(zip(given, vectors, strict=True))

        strategy.run(on_replica)

    first = seconds(step)
    return {
        "build": building,
        "first": first,
        "step": statistics.median(seconds(step) for _ in range(STEPS)),
    }


def seconds(run: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


PART = Part(
    about="300 vectors of 64, adam; processes of one machine, ratio to one process",
    columns=("form", "build", "first step", "ratio", "median step", "ratio"),
    cases=cases,
    rounds=3,
    quick_rounds=1,
)

if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
