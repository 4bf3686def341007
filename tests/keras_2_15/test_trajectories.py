"""A hundred steps of gradient descent beside tf_keras and beside NumPy, on every path through our code.

tf_keras clips the rows of a sparse gradient before it adds up those that come twice; SEMANTICS has it
the other way round, so with a clip tf_keras is asked only where no row comes twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import chain, combinations
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
from support.sparse_gradients import rows_of, slices
from support.trajectories import TOLERANCES, assert_same

STEPS = 100
SHAPES = [(6, 2), (5,), (4, 3, 2)]
MODES = {  # jit_compile, and whether the call is in a tf.function
    "eager": (False, False),
    "graph": (False, True),
    "compiled": (True, False),
    "compiled in a graph": (True, True),
}

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
SCHEDULES: dict[str, dict[str, Any]] = {
    "constant": {"value": RATE / 2},
    "exponential": {"initial_learning_rate": RATE, "decay_steps": 8, "decay_rate": 0.75, "staircase": True},
    "inverse_time": {"initial_learning_rate": RATE, "decay_steps": 8, "decay_rate": 0.5},
    "polynomial": {"initial_learning_rate": RATE, "decay_steps": 64, "end_learning_rate": 0.0, "power": 2.0},
    "piecewise_constant": {"boundaries": [10, 50], "values": [RATE, RATE / 2, RATE / 8]},
    "cosine": {"initial_learning_rate": 0.0, "decay_steps": 64, "warmup_target": RATE, "warmup_steps": 16},
    "cosine_restarts": {"initial_learning_rate": RATE, "first_decay_steps": 16, "m_mul": 0.5},
    "warmup": {"schedule": RATE, "warmup_steps": 20},
    "join": {
        "schedules": [{"use": "warmup", "schedule": RATE, "warmup_steps": 9}, RATE / 4],
        "boundaries": [30],
    },
    "one_cycle": {"peak_learning_rate": RATE, "total_steps": 80},
    "warmup_stable_decay": {
        "peak_learning_rate": RATE,
        "warmup_steps": 10,
        "stable_steps": 50,
        "decay_steps": 20,
    },
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
        # Multiples of 2^-10: sums of their parts are exact in every dtype here.
        gradients = [np.round(random.normal(size=shape) * scale * 1024) / 1024 for shape in SHAPES]
        if form != "dense":
            sparse.append([rows_of(each, random, distinct=form == "distinct rows") for each in gradients])
        steps.append(gradients)
    return [each.astype(np.float32).astype(np.float64) for each in initial], steps, sparse or steps


@cache
def tensors(form: str, dtype: str) -> list[list[Any]]:
    """Return a list of gradients for each step."""
    _, _, given = problem(form)
    if form == "dense":
        return [[tf.constant(each, dtype) for each in step] for step in given]
    return [[slices(*each, shape, dtype) for each, shape in zip(step, SHAPES, strict=True)] for step in given]


@cache
def stacked(form: str, dtype: str) -> list[tuple[Any, Any]]:
    """Return the same as one matrix of values and, if they are sparse, one of rows, with their `sizes`."""
    given = problem(form)[2]
    if form == "dense":
        return [in_rows(given, dtype)]
    values, rows = ([[each[part] for each in step] for step in given] for part in (0, 1))
    return [in_rows(values, dtype), in_rows(rows, "int64")]


def in_rows(steps: list[list[Any]], dtype: str) -> tuple[Any, Any]:
    """Return a matrix with a row for each step, and the sizes of its parts in it, padding included."""
    sizes = [[np.size(each) for each in step] for step in steps]
    longest = max(map(sum, sizes))
    padding = [longest - sum(each) for each in sizes]
    rows = [
        np.concatenate([*map(np.ravel, step), np.zeros(rest)])
        for step, rest in zip(steps, padding, strict=True)
    ]
    return tf.constant(np.stack(rows), dtype), tf.constant(np.column_stack([sizes, padding]))


def at(index: Any, form: str, dtype: str) -> list[Any]:
    """Return the gradients of a step of a loop in a graph."""
    values, *rows = (
        tf.split(tf.gather(matrix, index), tf.gather(sizes, index), num=len(SHAPES) + 1)[:-1]
        for matrix, sizes in stacked(form, dtype)
    )
    if not rows:
        return [tf.reshape(each, shape) for each, shape in zip(values, SHAPES, strict=True)]
    return [
        tf.IndexedSlices(tf.reshape(each, [-1, *shape[1:]]), indices, tf.constant(shape, tf.int64))
        for each, indices, shape in zip(values, *rows, SHAPES, strict=True)
    ]


def arguments(case: str) -> dict[str, Any]:
    return (
        {"learning_rate": {"use": case, **SCHEDULES[case]}}
        if case in SCHEDULES
        else {"learning_rate": RATE, **FORMS[case]}
    )


def kinds_of(case: str) -> list[list[tuple[str, str]]]:
    """Return dtypes and forms in groups; each by itself where one gradient's size matters for another's."""
    forms = ["dense", "sparse", *(["distinct rows"] if case in CLIPS else [])]
    kinds = [(dtype, form) for dtype in TOLERANCES for form in forms]
    return [[kind] for kind in kinds] if case == "global_clipnorm" else [kinds]


def run(optimizer: Any, kinds: list[tuple[str, str]], *, graph: bool, final: bool) -> list[list[Any]]:
    """Return, for each kind, its variables after each step; one optimizer has the variables of all kinds."""
    flat = [tf.Variable(tf.constant(value, dtype)) for dtype, form in kinds for value in problem(form)[0]]
    optimizer.build(flat)

    @tf.function(autograph=False)
    def values() -> Any:
        # One tensor, as it takes far longer to ask for each variable than to train it.
        return tf.concat([tf.reshape(tf.cast(each, tf.float64), [-1]) for each in flat], 0)

    def step(gradients: Iterable[list[Any]]) -> Any:
        optimizer.apply_gradients(list(zip(chain.from_iterable(gradients), flat, strict=True)))
        return values()

    if graph:
        for dtype, form in kinds:
            stacked(form, dtype)  # outside of the graph, as it is kept
        trajectory = looped(lambda index: step(at(index, form, dtype) for dtype, form in kinds)).numpy()
    else:
        steps = zip(*(tensors(form, dtype) for dtype, form in kinds), strict=True)
        trajectory = np.stack([step(gradients).numpy() for gradients in steps])
    if final:
        optimizer.finalize_variable_values(flat)
        trajectory = np.concatenate([trajectory, [values().numpy()]])
    return [taken_apart(each) for each in np.split(trajectory, len(kinds), axis=1)]


def looped(step: Any) -> Any:
    """Return what a step returned in each round of one loop in a graph."""

    def one(index: Any, ended: Any) -> Any:
        return index + 1, ended.write(index, step(index))

    @tf.function(autograph=False)
    def train() -> Any:
        ended = tf.TensorArray(tf.float64, STEPS)
        return tf.while_loop(lambda index, _: index < STEPS, one, (0, ended), parallel_iterations=1)[
            1
        ].stack()

    return train()


def taken_apart(trajectory: Any) -> list[Any]:
    """Return the variables of each step out of one vector for each."""
    pieces = np.split(trajectory, np.cumsum([np.prod(shape) for shape in SHAPES])[:-1], axis=1)
    shaped = [piece.reshape(-1, *shape) for piece, shape in zip(pieces, SHAPES, strict=True)]
    return [list(step) for step in zip(*shaped, strict=True)]


@cache
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
    around = [processors[name](value) for name, value in given.items() if name in processors]
    descent = SGD(
        lambda iteration: evaluate(rate, iteration), given.get("momentum", 0.0), given.get("nesterov", False)
    )
    initial, steps, _ = problem(form)
    trajectory = train(descent, around, initial, steps)
    return [*trajectory, list(around[-1].average.values())] if case.startswith("ema") else trajectory


class Table(tf_keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that tf_keras does not have, by its values."""

    def __init__(self, config: Any, dtype: str) -> None:
        self.values = tf.constant([evaluate(config, iteration) for iteration in range(STEPS)], dtype)

    def __call__(self, step: Any) -> Any:
        return self.values[step]


def peer(case: str, dtype: str) -> Any:
    given = arguments(case)
    if case in KERAS:
        # In double precision where it can be: tf_keras makes float32 of a Python number.
        exact = {
            name: tf.constant(value, dtype) if isinstance(value, float) else value
            for name, value in SCHEDULES[case].items()
        }
        if case == "piecewise_constant":
            exact["values"] = [tf.constant(value, dtype) for value in exact["values"]]
        given["learning_rate"] = getattr(tf_keras.optimizers.schedules, KERAS[case])(**exact)
    elif case in SCHEDULES:
        given["learning_rate"] = Table(given["learning_rate"], dtype)
    return tf_keras.optimizers.SGD(**given, jit_compile=False)


@cache
def theirs(case: str, dtype: str, forms: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return the trajectory of tf_keras for each form; one optimizer has the variables of all of them."""
    optimizer = peer(case, dtype)
    ended = run(optimizer, [(dtype, form) for form in forms], graph=True, final=case.startswith("ema"))
    return dict(zip(forms, ended, strict=True))


def modes_of(case: str) -> list[str]:
    """Return all modes or, for a schedule, which is read alike in all, two with both values of each flag."""
    if case in FORMS:
        return list(MODES)
    return ["graph", "compiled"] if CASES.index(case) % 2 else ["eager", "compiled in a graph"]


# By case, as the modes of one are compared with the same trajectory of tf_keras.
@pytest.mark.sampled(89)
@pytest.mark.parametrize(("case", "mode"), [(case, mode) for case in CASES for mode in modes_of(case)])
def test_a_hundred_steps(case, mode):
    jit_compile, graph = MODES[mode]
    for kinds in kinds_of(case):
        optimizer = optiplug.create("sgd", **arguments(case), jit_compile=jit_compile)
        trajectories = run(optimizer, kinds, graph=graph, final=case.startswith("ema"))
        assert optimizer.iterations == STEPS
        for (dtype, form), ours in zip(kinds, trajectories, strict=True):
            assert_same(ours, oracle(case, form), TOLERANCES[dtype])
            asked = tuple(
                each for of, each in kinds if of == dtype and not (case in CLIPS and each == "sparse")
            )
            if form in asked:
                assert_same(ours, theirs(case, dtype, asked)[form], TOLERANCES[dtype])


def test_every_schedule_of_keras_is_a_case():
    import tf_keras

    theirs = {name for name in dir(tf_keras.optimizers.schedules) if not name.startswith("_")}
    assert theirs - {"LearningRateSchedule", "serialize", "deserialize"} == set(KERAS.values())
    assert KERAS.keys() < SCHEDULES.keys()


@pytest.mark.parametrize("form", ["dense", "sparse", "distinct rows"])
def test_no_two_cases_are_the_same(form):
    """A hyperparameter that changes nothing would show nothing."""
    ends = {case: np.concatenate([np.ravel(each) for each in oracle(case, form)[-1]]) for case in CASES}
    for one, other in combinations(CASES, 2):
        assert np.max(np.abs(ends[one] - ends[other])) > 1e-3, (one, other)


def test_sparse_gradients_are_of_every_kind():
    for form, twice in (("sparse", True), ("distinct rows", False)):
        rows = [indices for step in problem(form)[2] for _, indices in step]
        assert any(len(each) == 0 for each in rows)
        assert any(len(set(each)) == 6 for each in rows)
        assert any(list(each) != sorted(each) for each in rows)
        assert any(len(set(each)) < len(each) for each in rows) == twice
