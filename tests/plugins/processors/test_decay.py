"""Weight decay, coupled and not: what it spares, and when it is nothing."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_processors.add_noise import AddNoise
from optiplug_processors.centralize_gradients import CentralizeGradients
from optiplug_processors.l2 import L2
from optiplug_processors.weight_decay import WeightDecay


def test_the_example_of_keras_2_15():
    optimizer = optiplug.create("sgd", learning_rate=1, weight_decay=0.004)
    gradient, one, other = tf.zeros(()), tf.Variable(2.0), tf.Variable(2.0)
    optimizer.exclude_from_weight_decay(var_list=[other])
    optimizer.apply_gradients(zip([gradient, gradient], [one, other], strict=True))
    np.testing.assert_allclose([one.numpy(), other.numpy()], [1.992, 2.0], rtol=1e-7)


@pytest.mark.parametrize("name", ["weight_decay", "l2"])
def test_selectors_spare_variables(name):
    field = "rate" if name == "weight_decay" else "strength"
    decay = {"use": name, field: 0.25, "skip": ["*bias"], "min_ndim": 1}
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[decay])
    variables = [tf.Variable([4.0], name=path) for path in ("a/kernel", "a/bias")] + [
        tf.Variable(4.0, name="c")
    ]
    optimizer.apply_gradients([(tf.zeros_like(variable), variable) for variable in variables])
    assert [float(tf.reduce_sum(variable)) for variable in variables] == [3.0, 4.0, 4.0]


def test_decay_spares_the_state_and_l2_enters_it():
    """A gradient of zero: Adam normalizes the penalty's gradient to a step of its full rate."""
    results = {}
    for name, field in (("weight_decay", "rate"), ("l2", "strength")):
        variable = tf.Variable(2.0, dtype=tf.float64)
        optimizer = optiplug.create(
            "adam", learning_rate=0.5, epsilon=0.0, processors=[{"use": name, field: 0.1}]
        )
        optimizer.apply_gradients([(tf.constant(1e-300, tf.float64), variable)])
        results[name] = variable.numpy()
    np.testing.assert_allclose(results["l2"], 1.5, rtol=1e-12)
    assert results["weight_decay"] != results["l2"]


@pytest.mark.parametrize(
    ("make", "idle", "busy"), [(WeightDecay, 0.0, 0.1), (L2, 0, 0.1), (AddNoise, 0.0, 0.1)]
)
def test_with_nothing_to_do_it_stays_out_of_the_step(make, idle, busy):
    assert make(idle).idle
    assert not make(busy).idle
    assert not make({"use": "constant", "value": 0.0}).idle


def test_vectors_are_not_centralized():
    with tf.Graph().as_default() as graph:
        vector, scalar = tf.ones([3]), tf.ones([])
        before = len(graph.get_operations())
        assert CentralizeGradients().clip([vector, scalar], None) == [vector, scalar]
        assert len(graph.get_operations()) == before


@pytest.mark.parametrize("wrong", [-0.1, float("inf"), True, None])
@pytest.mark.parametrize(("name", "field"), [("weight_decay", "rate"), ("l2", "strength")])
def test_a_rate_must_be_a_number_not_below_zero(name, field, wrong):
    with pytest.raises(optiplug.ConfigError, match=field):
        optiplug.create("sgd", processors=[{"use": name, field: wrong}])
