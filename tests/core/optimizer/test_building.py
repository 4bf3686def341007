"""Building an optimizer for the variables of a model."""

import tensorflow as tf

from optiplug_sgd.sgd import SGD


def test_build_is_idempotent():
    optimizer, variable = SGD(momentum=0.5, use_ema=True), tf.Variable(1.0)
    optimizer.build([variable])
    names = list(optimizer.state.states)
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    optimizer.build([variable])
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert optimizer.trace_count == 1
    assert list(optimizer.state.states) == names
    assert names == ["iterations", "learning_rate", "ema/average/Variable", "momentum/Variable"]
