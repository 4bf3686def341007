"""A scaled learning rate is the learning rate, for decay too."""

from __future__ import annotations

import numpy as np
import pytest

import optiplug
from support.trajectories import assert_same, follow, problem


@pytest.mark.sampled(4)
@pytest.mark.parametrize("factor", [0.25, lambda iteration: 1 / (iteration + 1)], ids=["number", "schedule"])
@pytest.mark.parametrize("use", ["adamw", "sgd"])
def test_equals_an_optimizer_with_that_rate(use, factor):
    initial, gradients = problem(6)
    scale = {"use": "learning_rate_scale", "factor": factor, "only": ["w1", "w2"]}

    # A function with the same value in each step would be refused.
    product = (lambda step: 0.1 * factor(step)) if callable(factor) else 0.1 * factor

    scaled, plain, slow = (
        follow(
            optiplug.create(use, learning_rate=rate, weight_decay=0.5, processors=processors),
            initial,
            gradients,
            "float64",
        )
        for rate, processors in ((0.1, [scale]), (0.1, []), (product, []))
    )
    expected = [[a[0], b[1], b[2], a[3]] for a, b in zip(plain, slow, strict=True)]
    assert_same(scaled, expected, 1e-13)
    assert np.max(np.abs(plain[-1][1] - slow[-1][1])) > 1e-2


def test_several_multiply():
    initial, gradients = problem(3)
    twice = [{"use": "learning_rate_scale", "factor": 0.5}, {"use": "learning_rate_scale", "factor": 0.25}]
    once = [{"use": "learning_rate_scale", "factor": 0.125}]
    ours, theirs = (
        follow(optiplug.create("sgd", learning_rate=0.1, processors=each), initial, gradients, "float64")
        for each in (twice, once)
    )
    assert_same(ours, theirs, 0)
