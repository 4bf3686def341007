"""Each processor around SGD against its oracle; a registered processor without a case here is a failure."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from references.processors import ORACLES, AddNoise, Monitor
from references.sgd import SGD
from references.training import Array, train
from support.trajectories import TOLERANCES, assert_same, follow, problem

RATE = 0.02

# Registered name -> several sets of hyperparameters, the same for the processor and its oracle.
CASES: dict[str, list[dict[str, Any]]] = {
    "accumulate": [{"steps": 3}, {"steps": 2, "reduction": "sum"}, {"steps": 1}],
    "add_noise": [{"eta": 0.3, "gamma": 0.55, "seed": 3}, {"eta": 0.0}],
    "centralize_gradients": [{}],
    "clip_by_global_norm": [{"max_norm": 2.0}],
    "clip_by_norm": [{"max_norm": 1.0}],
    "clip_by_value": [{"max_value": 0.5}],
    "ema": [{"momentum": 0.9}, {"momentum": 0.5, "overwrite_frequency": 7}],
    "l2": [{"strength": 0.3}, {"strength": 0.0}],
    "monitor": [{}],
    "skip_non_finite": [{}],
    "weight_decay": [{"rate": 0.3}, {"rate": 0.0}],
}


def test_every_registered_processor_has_a_case_and_an_oracle():
    entries = optiplug.registry.entries("processors")
    registered = {entry.name for entry in entries if entry.distribution == "optiplug-processors"}
    assert registered
    assert registered == set(CASES) == set(ORACLES)


def sgd(*processors: Any) -> Any:
    return optiplug.create("sgd", learning_rate=RATE, momentum=0.9, processors=list(processors))


def broken(gradients: list[list[Array]]) -> list[list[Array]]:
    """Put a NaN or an infinity into some calls."""
    gradients = [[each.copy() for each in present] for present in gradients]
    for call, value in ((0, np.nan), (7, np.inf), (8, -np.inf), (31, np.nan)):
        gradients[call][call % 2].flat[0] = value
    return gradients


def standard_normals(seed: int, calls: int, initial: list[Array], dtype: str) -> list[list[Array]]:
    """Read off the numbers that add_noise draws: descent on them alone, at rate 1 and variance 1."""
    noise = {"use": "add_noise", "eta": 1.0, "gamma": 0.0, "seed": seed}
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[noise])
    start = [np.zeros_like(each) for each in initial]
    sums = [start, *follow(optimizer, start, [start] * calls, dtype)]
    return [[old - new for old, new in zip(*pair, strict=True)] for pair in pairwise(sums)]


def oracle(name: str, hyperparameters: dict[str, Any], initial: list[Array], dtype: str) -> Any:
    if name != "add_noise":
        return ORACLES[name](**hyperparameters)
    law = {key: value for key, value in hyperparameters.items() if key != "seed"}
    normals = standard_normals(hyperparameters.get("seed", 0), 50, initial, dtype)
    return AddNoise(lambda key, iteration: normals[iteration][key], **law)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    ("name", "hyperparameters"), [(name, each) for name in CASES for each in CASES[name]]
)
def test_equals_its_oracle(name, hyperparameters, dtype):
    initial, gradients = problem()
    if name == "skip_non_finite":
        gradients = broken(gradients)
    # The numbers of the noise are read off sums of it, which costs two digits of float32.
    tolerance = TOLERANCES[dtype] * (10 if name == "add_noise" else 1)
    ours = follow(sgd({"use": name, **hyperparameters}), initial, gradients, dtype)
    theirs = train(SGD(RATE, 0.9), [oracle(name, hyperparameters, initial, dtype)], initial, gradients)
    assert_same(ours, theirs, tolerance)


SCHEDULED = {
    "clip_by_global_norm": "max_norm",
    "clip_by_norm": "max_norm",
    "clip_by_value": "max_value",
    "ema": "momentum",
    "l2": "strength",
    "weight_decay": "rate",
}


def test_numbers_may_depend_on_the_step():
    initial, gradients = problem(10)

    def ours(iteration: Any) -> Any:
        return 1 / tf.cast(iteration + 2, tf.float64)

    entries = [{"use": name, field: ours} for name, field in SCHEDULED.items()]
    oracles = [
        ORACLES[name](**{field: lambda iteration: 1 / (iteration + 2)}) for name, field in SCHEDULED.items()
    ]
    entries.append({"use": "ema", "name": "late", "momentum": ours, "overwrite_frequency": 4})
    oracles.append(ORACLES["ema"](momentum=lambda iteration: 1 / (iteration + 2), overwrite_frequency=4))
    result = follow(sgd(*entries), initial, gradients, "float64")
    assert_same(result, train(SGD(RATE, 0.9), oracles, initial, gradients), 1e-12)


CHAIN = [
    ("skip_non_finite", {}),
    ("accumulate", {"steps": 2}),
    ("centralize_gradients", {}),
    ("clip_by_norm", {"max_norm": 1.0}),
    ("clip_by_global_norm", {"max_norm": 1.2}),
    ("clip_by_value", {"max_value": 0.4}),
    ("l2", {"strength": 0.1}),
    ("weight_decay", {"rate": 0.2}),
    ("ema", {"momentum": 0.5, "overwrite_frequency": 3}),
    ("monitor", {}),
]


@pytest.mark.parametrize("jit_compile", [True, False])
def test_a_chain_of_all_of_them_with_one_variable_left_out(jit_compile):
    initial, gradients = problem()
    gradients = [[present[0], None, *present[2:]] for present in broken(gradients)]
    entries = [{"use": name, **fields} for name, fields in CHAIN]
    optimizer = optiplug.create(
        "sgd", learning_rate=RATE, momentum=0.9, processors=entries, jit_compile=jit_compile
    )
    with pytest.warns(UserWarning, match="w1"):
        ours = follow(optimizer, initial, gradients, "float64")
    oracles = [ORACLES[name](**fields) for name, fields in CHAIN]
    assert_same(ours, train(SGD(RATE, 0.9), oracles, initial, gradients), 1e-12)


@pytest.mark.parametrize("place", ["before the clip", "after the clip"])
def test_monitor_records_what_passes_its_place(place):
    from optiplug_processors.monitor import Monitor as Watch

    initial, gradients = problem(10)
    watch, clip = Watch(), {"use": "clip_by_global_norm", "max_norm": 2.0}
    optimizer = sgd(watch, clip) if place == "before the clip" else sgd(clip, watch)
    ours: list[list[float]] = []

    def read() -> None:
        ours.append([each.numpy() for each in (watch.gradient_norm, watch.update_norm, watch.variable_norm)])

    follow(optimizer, initial, gradients, "float64", read)
    theirs = []
    for calls in range(1, len(gradients) + 1):
        recorded, bound = Monitor(), ORACLES["clip_by_global_norm"](max_norm=2.0)
        chain = [recorded, bound] if place == "before the clip" else [bound, recorded]
        train(SGD(RATE, 0.9), chain, initial, gradients[:calls])
        theirs.append([recorded.gradient_norm, recorded.update_norm, recorded.variable_norm])
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
