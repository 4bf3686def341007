"""Gradients of a loss, as minimize takes them."""

import tensorflow as tf

from optiplug_sgd.sgd import SGD


def test_a_loss_may_branch_on_tensors_inside_a_tf_function():
    variable, optimizer = tf.Variable(3.0), SGD(0.5)

    def loss():
        return variable**2 if variable > 1.0 else -variable  # AutoGraph makes a condition of it

    @tf.function
    def step():
        optimizer.minimize(loss, [variable])

    step()
    step()
    assert float(variable) == 0.5
