"""Gradients of a loss, as minimize takes them."""

import pytest
import tensorflow as tf
from tensorflow.python.autograph.core import config
from tensorflow.python.autograph.pyct.transpiler import PyToPy

from optiplug_sgd.sgd import SGD

AUTOGRAPH_RULES = tuple(rule for rule in config.CONVERSION_RULES if "optiplug" not in repr(rule))


def test_autograph_converts_none_of_our_code(monkeypatch):
    seen, convert = [], PyToPy.transform_function
    monkeypatch.setattr(
        PyToPy, "transform_function", lambda self, f, context: seen.append(f) or convert(self, f, context)
    )
    variable, optimizer = tf.Variable(3.0), SGD(0.5)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = variable**2
        optimizer.minimize(loss, [variable], tape=tape)
        optimizer.minimize(lambda: variable**2, [variable])
        return optimizer.learning_rate

    step()
    assert {each.__module__ for each in seen} == {__name__}


@pytest.mark.parametrize("skipped", [False, True])
def test_a_loss_may_branch_on_tensors_inside_a_tf_function(skipped, monkeypatch):
    if not skipped:
        monkeypatch.setattr(config, "CONVERSION_RULES", AUTOGRAPH_RULES)
    variable, optimizer = tf.Variable(3.0), SGD(0.5)

    def loss():
        return variable**2 if variable > 1.0 else -variable  # AutoGraph makes a condition of it

    @tf.function
    def step():
        optimizer.minimize(loss, [variable])

    step()
    step()
    assert float(variable) == 0.5
