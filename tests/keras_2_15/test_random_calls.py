"""A thousand random calls of `apply_gradients`: finite, of the same shapes, and equal to NumPy."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import cycle, product
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, seed, settings
from hypothesis import strategies as st

import optiplug
from references.processors import ORACLES
from references.schedules import evaluate
from references.sgd import SGD
from references.training import call, double
from support.sparse_gradients import rows_of, slices

EXAMPLES, CALLS = 4, 10
SHARES = range(3)  # so many times that for each processor, of which the first has the simplest run too
EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
EPSILON |= {"complex64": EPSILON["float32"], "complex128": EPSILON["float64"]}

SIZES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
FULL = st.lists(st.integers(1, 3), max_size=3).map(tuple)


def scheduled(start: float) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a schedule that begins with `start`."""
    return st.fixed_dictionaries(
        {
            "use": st.just("exponential"),
            "initial_learning_rate": st.just(start),
            "decay_steps": st.integers(1, 4),
            "decay_rate": st.floats(0.5, 1.0, width=16),
            "staircase": st.booleans(),
        }
    )


PARTS = st.floats(0.0, 1.0, width=16) | scheduled(0.5)
BOUNDS = st.floats(0.125, 4.0, width=16)
RATES = st.sampled_from([0.0625, 0.1, 0.25, 0.0]) | scheduled(0.1)
PROCESSORS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "accumulate": {"steps": st.integers(1, 3), "reduction": st.sampled_from(["mean", "sum"])},
    "centralize_gradients": {},
    "clip_by_global_norm": {"max_norm": BOUNDS},
    "clip_by_norm": {"max_norm": BOUNDS},
    "clip_by_value": {"max_value": BOUNDS},
    "ema": {"momentum": PARTS, "overwrite_frequency": st.none() | st.integers(1, 3)},
    "l2": {"strength": PARTS},
    "monitor": {},
    "skip_non_finite": {},
    "weight_decay": {"rate": PARTS},
}
KEYWORDS = {
    "weight_decay": ("weight_decay", "rate"),
    "clipnorm": ("clip_by_norm", "max_norm"),
    "clipvalue": ("clip_by_value", "max_value"),
    "global_clipnorm": ("clip_by_global_norm", "max_norm"),
}
PAIRS = list(zip(PROCESSORS, cycle(["", *KEYWORDS]), strict=False))
MODES = ["eager"] * 8 + ["graph"] * 3 + ["compiled"]  # compiling takes long, and is tried elsewhere too


@st.composite
def runs(draw: Any, processor: str, keyword: str) -> dict[str, Any]:
    """Draw variables, an optimizer with this processor and keyword among others, and the seed of numbers.

    The bits of some of the numbers are those of the variables that have the property.
    """
    real = "clip_by_value" in (processor, KEYWORDS[keyword][0] if keyword else "")
    dtypes = [each for each in EPSILON if not (real and "complex" in each)]
    others = draw(st.lists(st.tuples(SIZES, st.sampled_from(dtypes)), min_size=1, max_size=3))
    # In half precision, and where there are no elements, a wrong number is easily overlooked.
    exact = [each for each in dtypes if EPSILON[each] <= EPSILON["float32"]]
    variables = [draw(st.tuples(FULL, st.sampled_from(exact))), *others]
    around = {*PROCESSORS} - {processor, "clip_by_value"}
    names = draw(st.lists(st.sampled_from(sorted(around)), unique=True, max_size=3))
    names.insert(draw(st.integers(0, len(names))), processor)
    return {
        "variables": variables,
        "learning_rate": draw(RATES),
        "momentum": draw(st.just(0.0) | st.floats(0.125, 0.875, width=16)),
        "nesterov": draw(st.booleans()),
        "chain": [(name, draw(st.fixed_dictionaries(PROCESSORS[name]))) for name in names],
        "keyword": {keyword: draw(BOUNDS)} if keyword else {},
        "average": draw(st.none() | st.fixed_dictionaries(PROCESSORS["ema"])),
        "mode": draw(st.sampled_from(MODES)),
        "built": draw(st.booleans()),
        "missing": draw(st.integers(0, 15)),
        "named": draw(st.booleans()),  # what is missing is in the list, with None
        "late": draw(st.integers(0, 15)),
        "sparse": draw(st.integers(0, 15)),
        "seed": draw(st.integers(0, 2**32 - 1)),
    }


def gradient(shape: tuple[int, ...], dtype: str, random: Any, *, sparse: bool) -> tuple[Any, Any]:
    """Return a gradient as TensorFlow and as NumPy has it: the same numbers."""
    value = random.normal(size=shape) * random.choice([0.125, 1.0, 8.0])
    value = np.round(value * 16) / 16  # exact in float16; coarse enough for parts of it in bfloat16
    if "complex" in dtype:
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
        without = (run["missing"] if number % 2 else 0) | (run["late"] if number < CALLS // 2 else 0)
        kept = [not without >> place & 1 for place in range(len(row))]
        kept[0] = kept[0] or not any(kept)
        result.append([each if keep else (None, None) for each, keep in zip(row, kept, strict=True)])
    return result


def of_oracle(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: partial(evaluate, value) if isinstance(value, dict) else value for name, value in fields.items()
    }


def oracles(run: dict[str, Any]) -> tuple[SGD, list[Any]]:
    descent = SGD(partial(evaluate, run["learning_rate"]), run["momentum"], run["nesterov"])
    keywords = [(KEYWORDS[name][0], {KEYWORDS[name][1]: value}) for name, value in run["keyword"].items()]
    chain = [*run["chain"], *keywords, *([("ema", run["average"])] if run["average"] else [])]
    return descent, [ORACLES[name](**of_oracle(fields)) for name, fields in chain]


def optimizer_of(run: dict[str, Any]) -> Any:
    """Return our optimizer; an average by keyword has a number for momentum, so a schedule is listed."""
    fields = run["average"] or {}
    chain = [{"use": name, **fields} for name, fields in run["chain"]]
    keywords = {"use_ema": bool(fields), **{f"ema_{name}": value for name, value in fields.items()}}
    if isinstance(fields.get("momentum"), dict):
        chain, keywords = [*chain, {"use": "ema", **fields}], {}
    return optiplug.create(
        "sgd",
        processors=chain,
        jit_compile=run["mode"] == "compiled",
        nesterov=run["nesterov"] and run["momentum"] > 0,  # without effect it would be refused
        **{name: run[name] for name in ("learning_rate", "momentum")},
        **run["keyword"],
        **keywords,
    )


def apply(optimizer: Any, run: dict[str, Any], row: list[tuple[Any, Any]], variables: list[Any]) -> None:
    pairs = [(gradient, each) for (gradient, _), each in zip(row, variables, strict=True)]
    pairs = [pair for pair in pairs if run["named"] or pair[0] is not None]

    def step() -> None:
        optimizer.apply_gradients(pairs)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Variables without gradient")
        warnings.filterwarnings("ignore", ".*traces of a function that were made before")
        if run["mode"] == "graph":
            step = tf.function(step, autograph=False)
        step()


def epsilon(run: dict[str, Any], dtype: str) -> float:
    """Return the rounding of a dtype; a norm of all gradients is no more exact than float32 allows."""
    common = "clip_by_global_norm" in dict(run["chain"]) or "global_clipnorm" in run["keyword"]
    return max(EPSILON[dtype], EPSILON["float32"] if common else 0.0)


def values(variables: list[Any]) -> list[Any]:
    return [
        double(each.numpy().astype(np.complex128 if each.dtype.is_complex else np.float64))
        for each in variables
    ]


def check(run: dict[str, Any]) -> None:
    """Compare every variable with NumPy after every call, and every average at the end."""
    random = np.random.default_rng(run["seed"])
    variables = [
        tf.Variable(tf.cast(random.normal(size=shape), dtype), name=f"w{place}")
        for place, (shape, dtype) in enumerate(run["variables"])
    ]
    optimizer = optimizer_of(run)
    if run["built"]:
        optimizer.build(variables)
    descent, chain = oracles(run)
    expected, sizes, iterations = dict(enumerate(values(variables))), [1.0] * len(variables), 0
    for processor in chain:
        processor.start(expected)
    for number, row in enumerate(calls(run, random)):
        apply(optimizer, run, row, variables)
        with np.errstate(invalid="ignore"):  # infinities that were accumulated before a gate looks at them
            iterations += call(descent, chain, [value for _, value in row], expected, iterations)
        assert optimizer.iterations == iterations
        compare(run, number, variables, expected, sizes)
    assert optimizer.trace_count <= 5  # all, those that are not late or missing, and again with the late
    optimizer.finalize_variable_values(variables)
    averages = [each.average for each in chain if isinstance(each, ORACLES["ema"])]
    compare(run, CALLS, variables, averages[-1] if averages else expected, sizes)


def compare(
    run: dict[str, Any], number: int, variables: list[Any], expected: dict[int, Any], sizes: list[float]
) -> None:
    """Compare after so many calls; `sizes` has the largest that each variable has been, plus 1."""
    for key, value in enumerate(values(variables)):
        shape, dtype = run["variables"][key]
        assert (variables[key].dtype.name, tuple(variables[key].shape)) == (dtype, shape)
        assert np.all(np.isfinite(value))
        sizes[key] = max(sizes[key], 1.0 + np.max(np.abs(expected[key]), initial=0.0))
        tolerance = 4 * (number + 1) * epsilon(run, dtype) * sizes[key]
        message = f"variable {key} in call {number + 1}"
        np.testing.assert_allclose(value, expected[key], rtol=0, atol=tolerance, err_msg=message)


def drawn(run: dict[str, Any]) -> set[str]:
    """Name what there is in one run."""
    bits = 2 ** len(run["variables"]) - 1
    found = {run["mode"], *run["keyword"], *(name for name, _ in run["chain"])}
    found |= {dtype for _, dtype in run["variables"]}
    found |= {"empty" if 0 in shape else f"rank {len(shape)}" for shape, _ in run["variables"]}
    found |= {name for name in ("sparse", "missing", "late") if run[name] & bits}
    found |= {name for name in ("built", "nesterov", "momentum", "average", "named") if run[name]}
    found |= {f"chain of {len(run['chain'])}"}
    if isinstance(run["learning_rate"], dict):
        found.add("schedule")
    return found


def draw_runs(number: int, part: int, body: Callable[..., None]) -> None:
    """Call `body` with runs of one processor, the same at each time."""
    processor, keyword = PAIRS[number]
    known = [{}] * (part > 0)  # Hypothesis begins each share with the simplest run

    def each(run: dict[str, Any]) -> None:
        if known:
            known.pop()
        else:
            body(run)

    few = settings(max_examples=EXAMPLES)(given(run=runs(processor, keyword))(each))
    seed(number + len(PAIRS) * part)(few)()


@pytest.mark.sampled(31)
@pytest.mark.parametrize("part", SHARES)
@pytest.mark.parametrize("number", range(len(PAIRS)), ids=list(PROCESSORS))
def test_random_calls(number, part):
    tried = []

    def each(run: dict[str, Any]) -> None:
        check(run)
        tried.append(run)

    draw_runs(number, part, each)
    assert len(tried) == EXAMPLES - (part > 0)


@pytest.mark.slow
def test_everything_is_among_a_thousand_random_calls():
    seen: Counter[str] = Counter()

    def each(run: dict[str, Any]) -> None:
        seen.update(drawn(run))
        seen["call"] += CALLS

    for number, part in product(range(len(PAIRS)), SHARES):
        draw_runs(number, part, each)
    assert seen["call"] >= 1000
    kinds = [*MODES, *KEYWORDS, *PROCESSORS, *EPSILON, "empty", "rank 0", "rank 1", "rank 2", "rank 3"]
    kinds += ["sparse", "missing", "late", "built", "nesterov", "momentum", "average", "named", "schedule"]
    kinds += [f"chain of {length}" for length in range(1, 5)]
    assert [kind for kind in kinds if seen[kind] < 3] == []


def test_every_processor_is_drawn_whose_numbers_are_known():
    assert set(ORACLES) == {*PROCESSORS, "add_noise"}
