"""A thousand random calls of `apply_gradients`: finite, of the same shapes, and equal to NumPy."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import optiplug
from references.processors import ORACLES
from references.schedules import evaluate
from references.sgd import SGD
from references.training import call, double
from support.slices import rows_of, slices

EXAMPLES, CALLS = 125, 8
EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
EPSILON["complex64"] = EPSILON["float32"]

SIZES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
PARTS = st.floats(0.0, 1.0, width=16)
BOUNDS = st.floats(0.125, 4.0, width=16)
RATES = st.sampled_from([0.0, 0.0625, 0.1]) | st.fixed_dictionaries(
    {
        "use": st.just("exponential"),
        "initial_learning_rate": st.just(0.1),
        "decay_steps": st.integers(1, 4),
        "decay_rate": st.floats(0.5, 1.0, width=16),
        "staircase": st.booleans(),
    }
)
PROCESSORS = {
    "accumulate": {"steps": st.integers(1, 3), "reduction": st.sampled_from(["mean", "sum"])},
    "centralize_gradients": {},
    "clip_by_global_norm": {"max_norm": BOUNDS},
    "clip_by_norm": {"max_norm": BOUNDS},
    "clip_by_value": {"max_value": BOUNDS},
    "ema": {"momentum": PARTS, "overwrite_frequency": st.none() | st.integers(1, 3)},
    "l2": {"strength": PARTS},
    "skip_non_finite": {},
    "weight_decay": {"rate": PARTS},
}
KEYWORDS = {
    "weight_decay": ("weight_decay", lambda value: {"rate": value}),
    "clipnorm": ("clip_by_norm", lambda value: {"max_norm": value}),
    "global_clipnorm": ("clip_by_global_norm", lambda value: {"max_norm": value}),
}


@st.composite
def runs(draw: Any) -> dict[str, Any]:
    """Draw variables, an optimizer, and the seed of the numbers."""
    variables = draw(st.lists(st.tuples(SIZES, st.sampled_from(list(EPSILON))), min_size=1, max_size=4))
    complex_too = any(dtype == "complex64" for _, dtype in variables)
    possible = [name for name in PROCESSORS if not (complex_too and name == "clip_by_value")]
    names = draw(st.lists(st.sampled_from(possible), unique=True, max_size=4))
    chain = [(name, draw(st.fixed_dictionaries(PROCESSORS[name]))) for name in names]
    keyword = draw(st.none() | st.sampled_from(list(KEYWORDS)))
    return {
        "variables": variables,
        "learning_rate": draw(RATES),
        "momentum": draw(st.just(0.0) | st.floats(0.125, 0.875, width=16)),
        "nesterov": draw(st.booleans()),
        "chain": chain,
        "keyword": {} if keyword is None else {keyword: draw(BOUNDS)},
        "average": draw(st.none() | st.fixed_dictionaries(PROCESSORS["ema"])),
        "jit_compile": draw(st.integers(0, 11)) == 0,
        "missing": draw(st.integers(0, 15)),
        "sparse": draw(st.integers(0, 15)),
        "seed": draw(st.integers(0, 2**32 - 1)),
    }


def gradient(shape: tuple[int, ...], dtype: str, random: Any, *, sparse: bool) -> tuple[Any, Any]:
    """Return a gradient as TensorFlow and as NumPy has it: the same numbers."""
    value = random.normal(size=shape) * random.choice([0.125, 1.0, 8.0])
    value = np.round(value * 16) / 16  # exact in float16; coarse enough for parts of it in bfloat16
    if dtype == "complex64":
        value = value * (1 + 0.5j)
    if dtype == "bfloat16":
        value = double(tf.cast(value, dtype).numpy().astype(np.float64))
    if not sparse or not shape:
        return tf.constant(value, dtype), value
    rows, indices = rows_of(value, random)
    return slices(rows, indices, shape, dtype, random.choice([tf.int32, tf.int64])), value


def calls(run: dict[str, Any], random: Any) -> list[list[tuple[Any, Any]]]:
    """Return the gradients of each call; in some, some variables have none, or one is not finite."""
    broken = any(name == "skip_non_finite" for name, _ in run["chain"])
    result = []
    for number in range(CALLS):
        row = [
            gradient(shape, dtype, random, sparse=bool(run["sparse"] >> place & 1))
            for place, (shape, dtype) in enumerate(run["variables"])
        ]
        if broken and number % 3 == 1:
            shape, dtype = run["variables"][0]
            value = np.full(shape, random.choice([np.nan, np.inf]))
            row[0] = tf.constant(value, dtype), value
        kept = [not (number % 2 and run["missing"] >> place & 1) for place in range(len(row))]
        kept[0] = kept[0] or not any(kept)
        result.append([each if keep else (None, None) for each, keep in zip(row, kept, strict=True)])
    return result


def oracles(run: dict[str, Any]) -> tuple[SGD, list[Any]]:
    descent = SGD(
        lambda iteration: evaluate(run["learning_rate"], iteration), run["momentum"], run["nesterov"]
    )
    chain = [*run["chain"]]
    chain += [(KEYWORDS[name][0], KEYWORDS[name][1](value)) for name, value in run["keyword"].items()]
    chain += [("ema", run["average"])] if run["average"] else []
    return descent, [ORACLES[name](**fields) for name, fields in chain]


def average(run: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of an average."""
    fields = run["average"] or {}
    return {"use_ema": bool(fields), **{f"ema_{name}": value for name, value in fields.items()}}


def epsilon(run: dict[str, Any], dtype: str) -> float:
    """Return the rounding of a dtype; a norm of all gradients is no more exact than float32 allows."""
    common = "clip_by_global_norm" in dict(run["chain"]) or "global_clipnorm" in run["keyword"]
    return max(EPSILON[dtype], EPSILON["float32"] if common else 0.0)


@given(run=runs())
@settings(max_examples=EXAMPLES)
def test_random_calls(run):
    random = np.random.default_rng(run["seed"])
    initial = [random.normal(size=shape) for shape, _ in run["variables"]]
    variables = [
        tf.Variable(tf.cast(value, dtype), name=f"w{place}")
        for place, (value, (_, dtype)) in enumerate(zip(initial, run["variables"], strict=True))
    ]
    optimizer = optiplug.create(
        "sgd",
        processors=[{"use": name, **fields} for name, fields in run["chain"]],
        **{name: run[name] for name in ("learning_rate", "momentum", "nesterov", "jit_compile")},
        **run["keyword"],
        **average(run),
    )
    optimizer.build(variables)
    descent, chain = oracles(run)
    expected = {
        key: double(each.numpy().astype(complex_or_double(each))) for key, each in enumerate(variables)
    }
    for processor in chain:
        processor.start(expected)
    sizes = [1.0 + np.max(np.abs(value), initial=0.0) for value in expected.values()]
    iterations = 0
    for number, row in enumerate(calls(run, random)):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Variables without gradient")
            optimizer.apply_gradients(
                [(given, each) for (given, _), each in zip(row, variables, strict=True)]
            )
        iterations += call(descent, chain, [value for _, value in row], expected, iterations)
        assert optimizer.iterations == iterations
        assert optimizer.trace_count <= 2  # all variables, and those that have a gradient in every call
        for key, (each, (shape, dtype)) in enumerate(zip(variables, run["variables"], strict=True)):
            value = double(each.numpy().astype(complex_or_double(each)))
            assert (each.dtype.name, tuple(each.shape)) == (dtype, shape)
            assert np.all(np.isfinite(value))
            sizes[key] = max(sizes[key], 1.0 + np.max(np.abs(expected[key]), initial=0.0))
            tolerance = 4 * (number + 1) * epsilon(run, dtype) * sizes[key]
            np.testing.assert_allclose(
                value, expected[key], rtol=0, atol=tolerance, err_msg=f"{key} {number}"
            )


def complex_or_double(variable: Any) -> Any:
    return np.complex128 if variable.dtype.is_complex else np.float64
