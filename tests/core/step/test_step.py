"""What a step knows while it is traced."""

import pytest
import tensorflow as tf

import optiplug
from optiplug._step.step import current_step
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


def test_seeds_do_not_repeat_after_an_int32_of_steps():
    class Seeds(optiplug.Optimizer):
        def build(self, var_list):
            super().build(var_list)
            self.seed = self.add_variable([2], "int32", name="seed")

        def update_step(self, gradient, variable):
            self.seed.assign(current_step().seed(variable, 7))

    def seed_at(step):
        optimizer = Seeds("seeds")
        optimizer.iterations = tf.Variable(step, dtype=tf.int64)
        optimizer.apply_gradients([(tf.constant(1.0), tf.Variable(1.0, name="w"))])
        return tuple(optimizer.seed.numpy().tolist())

    steps = [0, 5, 2**31 - 1, 2**31, 2**31 + 5, 2**32, 2**32 + 5, 2**33 + 5]
    seeds = [seed_at(step) for step in steps]
    assert len(set(seeds)) == len(steps)
    # As they were when the counter was cast to an int32.
    salt = seeds[0][0]
    assert seeds[:3] == [(salt, 0), (salt, 5), (salt, 2**31 - 1)]
