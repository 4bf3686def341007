"""Time one optimizer step beside tf_keras and optax: same gradients, same machine, taken in turns.

Each contestant takes the gradients as arguments of its own compiled function and updates its own
variables. Rounds are interleaved, so that what else the machine does hits all alike, and the
median is printed, with the ratio to ours: above 1 the other one takes longer.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import jax
import numpy as np
import optax
import tensorflow as tf
import tf_keras
from rich.console import Console
from rich.table import Table

import optiplug

Shapes = list[tuple[int, ...]]

HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    "sgd": {"learning_rate": 0.01, "momentum": 0.9},
    "adam": {"learning_rate": 0.001, "epsilon": 1e-7},
}


def resnet50() -> Shapes:
    """Return the shapes of ResNet-50: 161 variables, 25.6 million numbers."""
    shapes: Shapes = [(7, 7, 3, 64), (64,), (64,)]
    inputs = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            outputs = 4 * width
            kernels = [(1, 1, inputs, width), (3, 3, width, width), (1, 1, width, outputs)]
            kernels += [(1, 1, inputs, outputs)] if block == 0 else []
            shapes += [shape for kernel in kernels for shape in (kernel, kernel[-1:], kernel[-1:])]
            inputs = outputs
    return [*shapes, (inputs, 1000), (1000,)]


MODELS: dict[str, Callable[[], Shapes]] = {"resnet50": resnet50, "300 small": lambda: [(16, 16)] * 300}


def ours(name: str, values: list[Any]) -> Callable[[], None]:
    """Return a step of the optiplug optimizer inside a user's tf.function; it compiles itself."""
    return inside_function(optiplug.create(name, **HYPERPARAMETERS[name]), values, compiled=False)


def keras(name: str, values: list[Any], compiled: bool) -> Callable[[], None]:
    """Return a step of the tf_keras optimizer; for XLA the surrounding function is compiled."""
    classes = {"sgd": tf_keras.optimizers.SGD, "adam": tf_keras.optimizers.Adam}
    optimizer = classes[name](jit_compile=compiled, **HYPERPARAMETERS[name])
    return inside_function(optimizer, values, compiled)


def inside_function(optimizer: Any, values: list[Any], compiled: bool) -> Callable[[], None]:
    """Return a step inside a tf.function, traced and run once."""
    variables = [tf.Variable(value, name=f"variable_{i}") for i, value in enumerate(values)]
    gradients = [tf.constant(value) for value in values]
    optimizer.build(variables)

    @tf.function(jit_compile=compiled)
    def step(gradients: list[Any]) -> None:
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    def run() -> None:
        step(gradients)
        variables[-1].numpy()

    run()
    return run


def jax_optax(name: str, values: list[Any]) -> Callable[[], None]:
    """Return a step of the optax optimizer; its buffers are donated, so it updates in place too."""
    transforms = {"sgd": optax.sgd(0.01, momentum=0.9), "adam": optax.adam(0.001, eps=1e-7)}
    transform = transforms[name]
    gradients = [jax.numpy.asarray(value) for value in values]
    held = [[jax.numpy.array(value) for value in values]]
    held.append(transform.init(held[0]))

    def step(variables: Any, state: Any, gradients: Any) -> Any:
        updates, state = transform.update(gradients, state, variables)
        return optax.apply_updates(variables, updates), state

    compiled = jax.jit(step, donate_argnums=(0, 1))

    def run() -> None:
        held[:] = compiled(held[0], held[1], gradients)
        jax.block_until_ready(held[0])

    run()
    return run


CONTESTANTS: dict[str, Callable[[str, list[Any]], Callable[[], None]]] = {
    "optiplug": ours,
    "tf_keras, XLA": partial(keras, compiled=True),
    "tf_keras": partial(keras, compiled=False),
    "optax": jax_optax,
}


def measure(name: str, shapes: Shapes, rounds: int) -> dict[str, tuple[float, float]]:
    """Return (seconds to the first step, median seconds of a step) of each contestant."""
    generator = np.random.default_rng(0)
    values = [generator.standard_normal(shape).astype(np.float32) for shape in shapes]
    first, steps = {}, {}
    for label, make in CONTESTANTS.items():
        start = time.perf_counter()
        steps[label] = make(name, values)
        first[label] = time.perf_counter() - start
    times: dict[str, list[float]] = {label: [] for label in steps}
    for _ in range(rounds):
        for label, step in steps.items():
            start = time.perf_counter()
            step()
            times[label].append(time.perf_counter() - start)
    return {label: (first[label], statistics.median(times[label])) for label in steps}


def main() -> None:
    """Measure what the command line asks for, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--optimizer", choices=HYPERPARAMETERS, action="append", help="default: all")
    parser.add_argument("--model", choices=MODELS, action="append", help="default: all")
    parser.add_argument("--rounds", type=int, default=30, help="steps of each contestant")
    arguments = parser.parse_args()
    table = Table("optimizer", "model", "contestant", "first step", "median step", "ratio to ours")
    for name in arguments.optimizer or HYPERPARAMETERS:
        for model in arguments.model or MODELS:
            results = measure(name, MODELS[model](), arguments.rounds)
            for label, (first, median) in results.items():
                ratio = median / results["optiplug"][1]
                table.add_row(name, model, label, f"{first:.1f} s", f"{1e3 * median:.2f} ms", f"{ratio:.2f}")
            table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
