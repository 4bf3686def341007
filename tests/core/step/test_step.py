"""What a step knows while it is traced."""

import pytest
import tensorflow as tf

import optiplug
from optiplug_sgd.sgd import SGD


def test_the_rate_of_a_step_does_not_exist_outside():
    with pytest.raises(RuntimeError, match="exists only inside `update_step`"):
        SGD().rate(tf.float32)


def test_what_is_computed_once_is_traced_once_for_each_dtype():
    class Shared(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(gradient * self.once(self.factor, variable))

        def factor(self, dtype):
            traced.append(dtype)
            return tf.cast(self.iterations + 1, dtype)

    traced, variables = [], [tf.Variable(tf.zeros(2, dtype)) for dtype in ("float32", "float32", "float64")]
    optimizer = Shared("shared")
    for _ in range(2):
        optimizer.apply_gradients([(tf.ones(2, each.dtype), each) for each in variables])
    assert traced == [tf.float32, tf.float64]
    assert [each.numpy().tolist() for each in variables] == [[-3.0, -3.0]] * 3
