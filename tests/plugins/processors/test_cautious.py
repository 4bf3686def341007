"""Cautious updates and cautious decay around Adam: what never happens to an element."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.trajectories import assert_same, follow, problem


def steps(*processors, count=12, **fields):
    """Yield gradient, value before and value after of each step, on a variable of 40 elements."""
    random = np.random.default_rng(5)
    variable = tf.Variable(random.normal(size=40))
    optimizer = optiplug.create("adam", learning_rate=0.1, processors=list(processors), **fields)
    for _ in range(count):
        gradient, before = random.normal(size=40), variable.numpy()
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
        yield gradient, before, variable.numpy()


def test_no_element_goes_up_and_all_together_go_as_far():
    masked = 0
    for (gradient, before, after), (_, old, new) in zip(
        steps("cautious", count=2), steps(count=2), strict=True
    ):
        change, plain = after - before, new - old
        assert np.all(change * gradient <= 0)
        kept = change != 0
        np.testing.assert_allclose(change[kept], plain[kept] * 40 / kept.sum(), rtol=1e-12)
        masked += int((~kept).sum())
    assert masked > 0


def test_without_momentum_nothing_is_masked():
    initial, gradients = problem(5)
    ours, theirs = (
        follow(optiplug.create("sgd", processors=each), initial, gradients, "float64")
        for each in (["cautious"], [])
    )
    assert_same(ours, theirs, 1e-15)


def test_elements_without_a_gradient_count_as_left_out():
    variable = tf.Variable(tf.zeros([4]))
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=["cautious"])
    optimizer.apply_gradients([(tf.constant([1.0, 0.0, 0.0, 0.0]), variable)])
    assert variable.numpy().tolist() == [-4, 0, 0, 0]


@pytest.mark.parametrize("rate", [0.5, {"use": "constant", "value": 0.5}])
def test_decay_acts_where_the_update_goes_towards_zero(rate):
    decay = {"use": "cautious_weight_decay", "rate": rate}
    ((_, before, after),), ((_, _, plain),) = steps(decay, count=1), steps(count=1)
    towards = (plain - before) * before < 0
    assert 0 < towards.sum() < 40
    np.testing.assert_array_equal(after[~towards], plain[~towards])
    np.testing.assert_allclose(after[towards], plain[towards] - 0.05 * before[towards], rtol=1e-12)


def test_decay_goes_by_the_update_that_is_left_to_it():
    """Where the mask has stopped an element, the update is 0, and the element decays."""
    decay = {"use": "cautious_weight_decay", "rate": 0.5}
    decayed = False
    for gradient, before, after in steps("cautious", decay):
        up = (after - before) * gradient > 0
        decayed |= bool(up.any())
        np.testing.assert_allclose((after - before)[up], -0.05 * before[up], rtol=1e-10)
    assert decayed
