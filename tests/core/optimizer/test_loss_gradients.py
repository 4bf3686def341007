"""Gradients of a loss, as minimize takes them."""

import pytest
import tensorflow as tf
from tensorflow.python.autograph.core import config

from optiplug._tf_private import converted
from optiplug_sgd.sgd import SGD

AUTOGRAPH_RULES = tuple(rule for rule in config.CONVERSION_RULES if "optiplug" not in repr(rule))


@pytest.mark.parametrize("skipped", [False, True])
def test_a_loss_may_branch_on_tensors_inside_a_tf_function(skipped, monkeypatch):
    monkeypatch.setattr(config, "CONVERSION_RULES", AUTOGRAPH_RULES)
    if skipped:  # as from the first step on of an optimizer that branches in Python
        converted(lambda: None)
    variable, optimizer = tf.Variable(3.0), SGD(0.5)

    def loss():
        return variable**2 if variable > 1.0 else -variable  # AutoGraph makes a condition of it

    @tf.function
    def step():
        optimizer.minimize(loss, [variable])

    step()
    step()
    assert float(variable) == 0.5
