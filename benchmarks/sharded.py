"""Steps with sharded state beside steps with whole state, on the replicas of one process and of several."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from .part import Case, Options, Part, Row

__all__ = ["PART"]

WIDTH, LAYERS, BATCH = 1024, 6, 64
QUICK_WIDTH = 160
STATES = {"whole": False, "sharded": True}
# A norm of all gradients needs all of each.
FORMS = {
    "all": (True, {}),
    "all, clipped": (True, {"global_clipnorm": 1.0}),
    "given gradients": (False, {}),
}
PLACES = [("mirrored", 2), ("mirrored", 4), ("multi-worker", 2)]
DEADLINE = 500  # seconds that all steps of a case may take


class Result(NamedTuple):
    """What was measured of one of the two: bytes of state on a device, and seconds of steps."""

    held: int
    first: float
    steps: list[float]


def raced(strategy: Any, width: int, form: str, rounds: int) -> dict[str, Result]:
    """Return what was measured of a model with each kind of state, which step in turns."""
    built = {label: contestant(strategy, width, form, sharded) for label, sharded in STATES.items()}
    results = {}
    for label, (step, optimizer) in built.items():
        first = seconds(step)
        seconds(step)
        results[label] = Result(optimizer.state_report().device_total, first, [])
    for turn in range(rounds):
        # As many on each worker, in one order: they wait for each other in every step.
        for label in sorted(built, reverse=turn % 2 == 1):
            results[label].steps.append(seconds(built[label][0]))
    return results


def contestant(strategy: Any, width: int, form: str, sharded: bool) -> tuple[Callable[[], object], Any]:
    """Return a step of adamw on dense layers, and its optimizer."""
    import tensorflow as tf

    import optiplug

    forward, options = FORMS[form]
    with strategy.scope():
        kernels = [
            tf.Variable(tf.random.stateless_normal([width, width], [0, i]) / width**0.5)
            for i in range(LAYERS)
        ]
        optimizer = optiplug.create("adamw", learning_rate=1e-4, sharded_state=sharded, **options)
        optimizer.build(kernels)
    inputs = tf.random.stateless_normal([BATCH, width], [1, 1])

    def replica_step() -> None:
        if not forward:
            optimizer.apply_gradients([(tf.ones_like(each), each) for each in kernels])
            return
        with tf.GradientTape() as tape:
            activations = inputs
            for kernel in kernels:
                activations = tf.nn.relu(activations @ kernel)
            loss = tf.reduce_mean(activations**2)
        optimizer.apply_gradients(zip(tape.gradient(loss, kernels), kernels, strict=True))

    @tf.function(autograph=False)
    def step() -> None:
        strategy.run(replica_step)

    return step, optimizer


def seconds(step: Callable[[], object]) -> float:
    """Return how long one step takes."""
    start = time.perf_counter()
    step()  # on a CPU it returns when all is done; and a device of another process cannot be waited for
    return time.perf_counter() - start


def mirrored(replicas: int, *arguments: Any) -> dict[str, Result]:
    """Race on the logical devices of this process."""
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * replicas)
    return raced(tf.distribute.MirroredStrategy([f"cpu:{index}" for index in range(replicas)]), *arguments)


def mirrored_apart(*arguments: Any) -> dict[str, Result]:
    """Race in a process of its own also in a quick run: TensorFlow is told of its devices once."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(mirrored, *arguments).result()


def worker(pipe: Connection, addresses: list[str], index: int, arguments: tuple[Any, ...]) -> None:
    """Race as one worker of several processes."""
    task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    os.environ["TF_CONFIG"] = json.dumps(task)
    import tensorflow as tf

    pipe.send(raced(tf.distribute.MultiWorkerMirroredStrategy(), *arguments))


def multi_worker(replicas: int, *arguments: Any) -> dict[str, Result]:
    """Race on as many processes, and return what the first of them measured."""
    spawn = multiprocessing.get_context("spawn")
    addresses = [f"127.0.0.1:{port}" for port in free_ports(replicas)]
    pipes = [spawn.Pipe() for _ in addresses]
    processes = [
        spawn.Process(target=worker, args=(its, addresses, index, arguments))
        for index, (_, its) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    try:
        if not pipes[0][0].poll(DEADLINE):
            raise TimeoutError(f"no result in {DEADLINE} s")
        results: dict[str, Result] = pipes[0][0].recv()
        return results
    finally:
        for process in processes:
            process.join(20)
            process.kill()


def free_ports(count: int) -> list[int]:
    """Return ports on which nobody listens."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def measured(place: str, replicas: int, width: int, form: str, rounds: int) -> list[Row]:
    """Return the rows of a place and a form of step."""
    run = mirrored_apart if place == "mirrored" else multi_worker
    results = run(replicas, width, form, rounds)
    whole = results["whole"]
    return [
        (
            f"{place} {replicas}",
            form,
            label,
            f"{each.held:,}",
            f"{each.held / whole.held:.4f}",
            f"{each.first:.2f} s",
            f"{1e3 * statistics.median(each.steps):.1f} ms",
            f"{statistics.median(each.steps) / statistics.median(whole.steps):.2f}",
        )
        for label, each in results.items()
    ]


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each place and form."""
    width = QUICK_WIDTH if options.quick else WIDTH
    for place, replicas in PLACES:
        for form in FORMS:
            yield partial(measured, place, replicas, width, form, options.rounds)


PART = Part(
    f"Steps of adamw on {LAYERS} dense layers of {WIDTH} x {WIDTH} in float32, with a forward and backward "
    f"pass over {BATCH} examples on each replica, also clipped by the norm of all gradients, or with given "
    "gradients; state whole on each replica, or sharded (`sharded_state: true`). The two step in turns. "
    "Ratios are to whole state.",
    ("replicas", "step", "state", "bytes a device", "ratio", "first step", "median step", "ratio"),
    cases,
)
