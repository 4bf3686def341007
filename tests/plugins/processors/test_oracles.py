"""Processors and their oracles where tests/numerics does not go: float32, broken gradients, chains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from references.processors import CASES, ORACLES, Monitor
from references.sgd import SGD
from references.training import Array, train
from support.oracle_runs import MOMENTUM, RATE, from_oracle
from support.trajectories import TOLERANCES, assert_same, follow, problem


@pytest.mark.sampled(11)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_its_oracle_in_single_precision(case):
    assert from_oracle(case, "float32") <= TOLERANCES["float32"]


def sgd(*processors: Any) -> Any:
    return optiplug.create("sgd", learning_rate=RATE, momentum=MOMENTUM, processors=list(processors))


def broken(gradients: list[list[Array]]) -> list[list[Array]]:
    """Put a NaN or an infinity into some calls."""
    gradients = [[each.copy() for each in present] for present in gradients]
    for call, value in ((0, np.nan), (7, np.inf), (8, -np.inf), (31, np.nan)):
        gradients[call][call % 2].flat[0] = value
    return gradients


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_broken_gradients_are_skipped(dtype):
    initial, gradients = problem()
    gradients = broken(gradients)
    ours = follow(sgd("skip_non_finite"), initial, gradients, dtype)
    skip = ORACLES["skip_non_finite"]()
    assert_same(ours, train(SGD(RATE, MOMENTUM), [skip], initial, gradients), TOLERANCES[dtype])
    assert skip.skipped == 4


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
    assert_same(result, train(SGD(RATE, MOMENTUM), oracles, initial, gradients), 1e-12)


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


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [True, False])
def test_a_chain_of_all_of_them_with_one_variable_left_out(jit_compile):
    initial, gradients = problem()
    gradients = [[present[0], None, *present[2:]] for present in broken(gradients)]
    entries = [{"use": name, **fields} for name, fields in CHAIN]
    optimizer = optiplug.create(
        "sgd", learning_rate=RATE, momentum=MOMENTUM, processors=entries, jit_compile=jit_compile
    )
    with pytest.warns(UserWarning, match="w1"):
        ours = follow(optimizer, initial, gradients, "float64")
    oracles = [ORACLES[name](**fields) for name, fields in CHAIN]
    assert_same(ours, train(SGD(RATE, MOMENTUM), oracles, initial, gradients), 1e-12)


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
        train(SGD(RATE, MOMENTUM), chain, initial, gradients[:calls])
        theirs.append([recorded.gradient_norm, recorded.update_norm, recorded.variable_norm])
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_monitor_keeps_no_norm_of_gradients_that_did_not_come():
    from optiplug_processors.monitor import Monitor as Watch

    watch = Watch(only=["one"])
    one, other = tf.Variable(1.0, name="one"), tf.Variable(1.0, name="other")
    optimizer = sgd(watch)
    optimizer.apply_gradients([(tf.constant(2.0), one), (tf.constant(2.0), other)])
    assert watch.gradient_norm.numpy() == 2
    with pytest.warns(UserWarning, match="one"):
        optimizer.apply_gradients([(None, one), (tf.constant(2.0), other)])
    assert (watch.gradient_norm.numpy(), watch.update_norm.numpy()) == (0, 0)
