"""A hundred steps of gradient descent beside tf_keras and beside NumPy, on every path through our code.

tf_keras clips the rows of a sparse gradient before it adds up those that come twice; SEMANTICS has it
the other way round, so there the oracle alone decides.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from references.processors import ORACLES
from references.schedules import evaluate
from references.sgd import SGD
from references.training import train
from support.slices import rows_of, slices
from support.trajectories import TOLERANCES, assert_same

STEPS = 100
SHAPES = [(6, 2), (5,), (4, 3, 2)]
KINDS = [(dtype, form) for dtype in TOLERANCES for form in ("dense", "sparse")]

# tf_keras rounds every hyperparameter to float32: these are the same there.
RATE, MOMENTUM, DECAY, AVERAGE = 2.0**-6, 0.875, 0.25, 0.75

FORMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "momentum": {"momentum": MOMENTUM},
    "nesterov": {"momentum": MOMENTUM, "nesterov": True},
    "weight_decay": {"momentum": MOMENTUM, "weight_decay": DECAY},
    "clipnorm": {"momentum": MOMENTUM, "clipnorm": 1.0},
    "clipvalue": {"momentum": MOMENTUM, "clipvalue": 0.5},
    "global_clipnorm": {"momentum": MOMENTUM, "global_clipnorm": 2.0},
    "ema": {"momentum": MOMENTUM, "use_ema": True, "ema_momentum": AVERAGE},
    "ema_overwriting": {"use_ema": True, "ema_momentum": AVERAGE, "ema_overwrite_frequency": 7},
}
SCHEDULES = {
    "exponential": {"initial_learning_rate": RATE, "decay_steps": 8, "decay_rate": 0.75, "staircase": True},
    "inverse_time": {"initial_learning_rate": RATE, "decay_steps": 8, "decay_rate": 0.5},
    "polynomial": {"initial_learning_rate": RATE, "decay_steps": 64, "end_learning_rate": 0.0, "power": 2.0},
    "piecewise_constant": {"boundaries": [10, 50], "values": [RATE, RATE / 2, RATE / 8]},
    "cosine": {"initial_learning_rate": 0.0, "decay_steps": 64, "warmup_target": RATE, "warmup_steps": 16},
    "cosine_restarts": {"initial_learning_rate": RATE, "first_decay_steps": 16, "m_mul": 0.5},
}
KERAS = {
    "exponential": "ExponentialDecay",
    "inverse_time": "InverseTimeDecay",
    "polynomial": "PolynomialDecay",
    "piecewise_constant": "PiecewiseConstantDecay",
    "cosine": "CosineDecay",
    "cosine_restarts": "CosineDecayRestarts",
}
CASES = [*FORMS, *SCHEDULES]
CLIPS = {"clipnorm", "clipvalue", "global_clipnorm"}


@cache
def problem(form: str) -> Any:
    """Return initial values, a list of dense gradients for each step, and the same as (values, rows)."""
    random = np.random.default_rng(11)
    initial = [random.normal(size=shape) for shape in SHAPES]
    steps, sparse = [], []
    for _ in range(STEPS):
        scale = np.exp(random.normal())
        # Multiples of 2^-12: sums of their parts are exact in every dtype here.
        gradients = [np.round(random.normal(size=shape) * scale * 1024) / 4096 * 4 for shape in SHAPES]
        sparse.append([rows_of(each, random) for each in gradients] if form == "sparse" else gradients)
        steps.append(gradients)
    return [each.astype(np.float32).astype(np.float64) for each in initial], steps, sparse


def tensors(form: str, dtype: str) -> list[list[Any]]:
    _, _, given = problem(form)
    if form == "dense":
        return [[tf.constant(each, dtype) for each in step] for step in given]
    return [[slices(*each, shape, dtype) for each, shape in zip(step, SHAPES, strict=True)] for step in given]


def arguments(case: str) -> dict[str, Any]:
    return (
        {"learning_rate": {"use": case, **SCHEDULES[case]}}
        if case in SCHEDULES
        else {"learning_rate": RATE, **FORMS[case]}
    )


def run(optimizer: Any, kinds: list[tuple[str, str]], *, graph: bool, final: bool) -> list[list[Any]]:
    """Return, for each kind, its variables after each step; one optimizer has the variables of all kinds."""
    variables = [
        [tf.Variable(tf.constant(value, dtype)) for value in problem(form)[0]] for dtype, form in kinds
    ]
    flat = [variable for group in variables for variable in group]

    def step(gradients: list[Any]) -> None:
        optimizer.apply_gradients(list(zip(gradients, flat, strict=True)))

    optimizer.build(flat)
    step = tf.function(step, reduce_retracing=True) if graph else step
    trajectories: list[list[Any]] = [[] for _ in kinds]
    for gradients in zip(*(tensors(form, dtype) for dtype, form in kinds), strict=True):
        step([gradient for group in gradients for gradient in group])
        for trajectory, group in zip(trajectories, variables, strict=True):
            trajectory.append([each.numpy().astype(np.float64) for each in group])
    if final:
        optimizer.finalize_variable_values(flat)
        for trajectory, group in zip(trajectories, variables, strict=True):
            trajectory.append([each.numpy().astype(np.float64) for each in group])
    return trajectories


def oracle(case: str, form: str) -> list[Any]:
    given = arguments(case)
    rate = given["learning_rate"]
    processors = {
        "weight_decay": lambda value: ORACLES["weight_decay"](rate=value),
        "clipnorm": lambda value: ORACLES["clip_by_norm"](max_norm=value),
        "clipvalue": lambda value: ORACLES["clip_by_value"](max_value=value),
        "global_clipnorm": lambda value: ORACLES["clip_by_global_norm"](max_norm=value),
        "use_ema": lambda _: ORACLES["ema"](AVERAGE, given.get("ema_overwrite_frequency")),
    }
    chain = [processors[name](value) for name, value in given.items() if name in processors]
    descent = SGD(
        lambda iteration: evaluate(rate, iteration), given.get("momentum", 0.0), given.get("nesterov", False)
    )
    initial, steps, _ = problem(form)
    trajectory = train(descent, chain, initial, steps)
    return [*trajectory, list(chain[-1].average.values())] if case.startswith("ema") else trajectory


def alone(case: str) -> list[list[tuple[str, str]]]:
    """Split the kinds where one gradient's size matters for another's."""
    return [[kind] for kind in KINDS] if case == "global_clipnorm" else [KINDS]


@pytest.mark.parametrize("mode", ["eager", "compiled"])
@pytest.mark.parametrize("case", CASES)
def test_equals_its_oracle(case, mode):
    """Uncompiled and called eagerly; then compiled, and called in a tf.function."""
    for kinds in alone(case):
        optimizer = optiplug.create("sgd", **arguments(case), jit_compile=mode == "compiled")
        ours = run(optimizer, kinds, graph=mode == "compiled", final=case.startswith("ema"))
        for (dtype, form), trajectory in zip(kinds, ours, strict=True):
            assert_same(trajectory, oracle(case, form), TOLERANCES[dtype])


def peer(case: str, dtype: str) -> Any:
    given = arguments(case)
    if case in SCHEDULES:
        # In double precision where it can be: tf_keras makes float32 of a Python number.
        exact = {
            name: tf.constant(value, dtype) if isinstance(value, float) else value
            for name, value in SCHEDULES[case].items()
        }
        if case == "piecewise_constant":
            exact["values"] = [tf.constant(value, dtype) for value in exact["values"]]
        given["learning_rate"] = getattr(tf_keras.optimizers.schedules, KERAS[case])(**exact)
    return tf_keras.optimizers.SGD(**given)


@pytest.mark.parametrize("case", CASES)
def test_equals_tf_keras(case):
    """Compiled, and called eagerly."""
    final = case.startswith("ema")
    for kinds in alone(case):
        ours = run(optiplug.create("sgd", **arguments(case)), kinds, graph=False, final=final)
        for (dtype, form), trajectory in zip(kinds, ours, strict=True):
            if not (form == "sparse" and case in CLIPS):
                (theirs,) = run(peer(case, dtype), [(dtype, form)], graph=True, final=final)
                assert_same(trajectory, theirs, TOLERANCES[dtype])
