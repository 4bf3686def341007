"""Decay by the square of a learning rate that changes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_processors.corrected_weight_decay import CorrectedWeightDecay
from references.corrected_weight_decay import CorrectedWeightDecay as Oracle
from references.sgd import SGD
from references.training import train
from support.trajectories import assert_same, follow, problem


def up_and_down(iteration):
    return (iteration + 1) / (100 * ((iteration - 10) ** 2 + 3))


@pytest.mark.parametrize("max_rate", [None, 0.1])
def test_equals_its_oracle_while_the_rate_rises_and_falls(max_rate):
    initial, gradients = problem(30)
    fields = {"rate": 4.0, "max_rate": max_rate}
    decay = {"use": "corrected_weight_decay", **fields}
    optimizer = optiplug.create("sgd", learning_rate=up_and_down, momentum=0.9, processors=[decay])
    ours = follow(optimizer, initial, gradients, "float64")
    assert_same(ours, train(SGD(up_and_down, 0.9), [Oracle(**fields)], initial, gradients), 1e-12)


def test_the_peak_is_that_of_all_variables():
    """Layers with a rate of their own decay by its square: their balance is that of the fastest one."""
    slow, fast = (tf.Variable(1.0, dtype=tf.float64, name=name) for name in ("slow", "fast"))
    decay = CorrectedWeightDecay(0.5)
    scale = {"use": "learning_rate_scale", "factor": 0.25, "only": ["slow"]}
    optimizer = optiplug.create("sgd", learning_rate=0.4, processors=[decay, scale])
    optimizer.apply_gradients([(tf.zeros_like(each), each) for each in (slow, fast)])
    np.testing.assert_allclose([slow.numpy(), fast.numpy()], [1 - 0.5 * 0.1**2 / 0.4, 1 - 0.5 * 0.4])
    assert decay.max_rate.numpy() == 0.4


def test_nothing_decays_at_a_rate_of_zero():
    variable = tf.Variable(1.0)
    optimizer = optiplug.create("sgd", learning_rate=0.0, processors=[CorrectedWeightDecay(0.5)])
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert variable.numpy() == 1.0
