"""Nadam: the product that all variables share."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from references.nadam import Nadam
from references.training import train
from support.trajectories import apply, assert_same, follow, problem, variables_of


def product(steps: int) -> float:
    return float(np.prod([0.9 * (1 - 0.5 * 0.96**t) for t in range(1, steps + 1)]))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("fields", [{}, {"pack_small_variables": False}, {"sparse": "lazy"}], ids=str)
@pytest.mark.parametrize("dtypes", [("float32", "float32"), ("float16", "float64")])
def test_the_product_advances_once_in_a_step(fields, dtypes):
    initial, gradients = problem(4)
    variables = [variables_of(initial, dtype)[place] for place, dtype in enumerate(dtypes, start=1)]
    optimizer = optiplug.create("nadam", **fields)
    for present in gradients:
        apply(optimizer, present[1:3], variables)
    assert optimizer.momentum_product.dtype == ("float64" if "float64" in dtypes else "float32")
    tolerance = 1e-14 if "float64" in dtypes else 1e-6
    np.testing.assert_allclose(optimizer.momentum_product.numpy(), product(4), rtol=tolerance)


def test_a_variable_without_gradient_holds_up_no_product():
    initial, gradients = problem(5)
    gradients = [[present[0], None, *present[2:]] for present in gradients]
    with pytest.warns(UserWarning, match="w1"):
        ours = follow(optiplug.create("nadam"), initial, gradients, "float64")
    assert_same(ours, train(Nadam(), [], initial, gradients), 1e-12)


def test_a_step_that_is_skipped_leaves_the_product_alone():
    (variable,) = variables_of([np.asarray([1.0, 2.0])], "float64")
    optimizer = optiplug.create("nadam", processors=["skip_non_finite"])
    for size in (1.0, np.nan, 2.0):
        optimizer.apply_gradients([(tf.constant([size, 1.0], tf.float64), variable)])
    np.testing.assert_allclose(optimizer.momentum_product.numpy(), product(2), rtol=1e-14)


def test_the_product_is_restored():
    initial, gradients = problem(6)
    whole = follow(optiplug.create("nadam", learning_rate=0.1), initial, gradients, "float64")
    first, second = (optiplug.create("nadam", learning_rate=0.1) for _ in range(2))
    half = follow(first, initial, gradients[:3], "float64")
    variables = variables_of(half[-1], "float64")
    second.build(variables)
    saved: dict[str, object] = {}
    first.save_own_variables(saved)
    second.load_own_variables(saved)
    for present in gradients[3:]:
        apply(second, present, variables)
    assert_same([[each.numpy() for each in variables]], whole[-1:], 0.0)
