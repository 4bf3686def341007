"""Each attribute; the docstrings make docs/keras-2-15.md."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug_sgd.sgd import SGD
from support.single_steps import stepped


def test_iterations(sgd):
    """The number of steps taken, as an int64 variable; it can be replaced before the optimizer is built.

    Differs: it counts steps that happen, not calls that a gate leaves out; what replaces it must be an
    integer variable.
    """
    optimizer = sgd()
    assert optimizer.iterations.dtype == tf.int64
    assert optimizer.iterations == 0
    optimizer.iterations = tf.Variable(5, dtype=tf.int64)
    variable = stepped(optimizer, 1.0, 1.0)
    assert optimizer.iterations == 7
    assert optimizer.apply_gradients([(tf.constant(1.0), variable)]) == 8
    with pytest.raises(RuntimeError, match="iterations"):
        optimizer.iterations = tf.Variable(0, dtype=tf.int64)


def test_iterations_are_where_schedules_are_read(sgd):
    schedule = tf_keras.optimizers.schedules.PiecewiseConstantDecay([4], [1.0, 0.0])
    optimizer = sgd(schedule)
    optimizer.iterations = tf.Variable(4, dtype=tf.int64)
    assert stepped(optimizer, 1.0, 1.0) == 1.0


def test_iterations_that_were_replaced_are_in_checkpoints(tmp_path):
    def fresh():
        optimizer, variable = SGD(1.0), tf.Variable(3.0)
        return optimizer, variable, tf.train.Checkpoint(optimizer=optimizer, model=variable)

    optimizer, variable, checkpoint = fresh()
    assert optimizer.iterations == 0  # reading it creates a variable, which is replaced
    optimizer.iterations = tf.Variable(5, dtype=tf.int64)
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    path = checkpoint.write(str(tmp_path / "checkpoint"))
    optimizer, variable, checkpoint = fresh()
    status = checkpoint.read(path)
    optimizer.build([variable])
    status.assert_consumed()
    assert [int(optimizer.iterations), float(variable)] == [6, 2.0]


def test_iterations_must_be_an_integer_variable():
    for wrong in (5, tf.Variable(1.0)):
        with pytest.raises(optiplug.ConfigError, match="iterations: must be an integer"):
            SGD().iterations = wrong


def test_learning_rate(sgd):
    """The learning rate, also as `lr`: a variable to assign to or to set, or the value of a schedule.

    Differs: the value of a schedule is that of the next step, not of the last one; a number takes the place
    of a schedule, too; where a function of the caller has traced a step and would go on with what it was, the
    change is refused; a function of the step, or of nothing, is called at every step.
    """
    optimizer = sgd(0.5)
    assert optimizer.learning_rate == 0.5
    optimizer.learning_rate = 0.25
    assert optimizer.lr == 0.25
    pair = (tf.constant(1.0), stepped(optimizer, 1.0))
    assert pair[1] == 1.75
    optimizer.lr = np.float32(0.5)
    optimizer.apply_gradients([pair])
    assert pair[1] == 1.25
    optimizer.learning_rate.assign(1.0)
    optimizer.apply_gradients([pair])
    assert pair[1] == 0.25
    scheduled = sgd(tf_keras.optimizers.schedules.PiecewiseConstantDecay([0], [0.5, 0.25]))
    assert scheduled.learning_rate == 0.5
    optimizer.learning_rate = tf_keras.optimizers.schedules.PiecewiseConstantDecay([4], [0.125, 0.25])
    optimizer.apply_gradients([pair])
    assert pair[1] == 0.125


def test_learning_rate_of_a_schedule_is_that_of_the_next_step():
    rates = []
    for make in (SGD, tf_keras.optimizers.SGD):
        optimizer = make(tf_keras.optimizers.schedules.PiecewiseConstantDecay([0], [0.5, 0.25]))
        assert stepped(optimizer, 1.0) == 1.5
        rates.append(float(optimizer.learning_rate))
    assert rates == [0.25, 0.5]


def test_a_number_takes_the_place_of_a_schedule():
    optimizer = SGD(tf_keras.optimizers.schedules.InverseTimeDecay(0.5, 1, 1.0))
    weight = stepped(optimizer, 1.0)
    optimizer.learning_rate = 0.25
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert weight == 1.25


def test_what_a_traced_step_would_not_notice_is_refused():
    optimizer, weight = SGD(0.5), tf.Variable(2.0)
    step = tf.function(lambda: optimizer.apply_gradients([(tf.constant(1.0), weight)]), autograph=False)
    step()
    with pytest.raises(optiplug.ConfigError, match=r"in a step that a tf.function has traced"):
        optimizer.learning_rate = tf_keras.optimizers.schedules.InverseTimeDecay(0.5, 1, 1.0)
    step()
    assert weight == 1.0
    del step
    optimizer.learning_rate = tf_keras.optimizers.schedules.InverseTimeDecay(0.75, 1, 1.0)
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert weight == 0.75


@pytest.mark.parametrize("rate", [lambda: 0.5, lambda step: 0.25 + 0.25 * tf.cast(step + 1, tf.float32)])
def test_learning_rate_may_be_a_function(rate):
    assert stepped(SGD(rate), 1.0) == 1.5


def test_a_learning_rate_that_a_class_does_not_have():
    class Plain(optiplug.Optimizer):
        def update_step(self, gradient, variable): ...

    with pytest.raises(AttributeError, match="Plain has no learning rate"):
        _ = Plain().learning_rate


def test_variables(sgd):
    """The variables of the optimizer itself, as a list that may also be called.

    Differs: `learning_rate` is one of them, so that saved state brings it back; each has a name that says
    what it is and whose.
    """
    optimizer = sgd(momentum=0.5)
    optimizer.build([tf.Variable([1.0, 2.0], name="w")])
    assert [id(each) for each in optimizer.variables()] == [id(each) for each in optimizer.variables]
    assert optimizer.variables[0] is optimizer.iterations
    assert optimizer.variables[-1].shape == (2,)


def test_variables_are_named_by_slot_and_path():
    optimizer = SGD(momentum=0.5)
    optimizer.build([tf.Variable(0.0, name="w") for _ in range(2)])
    names = [each.name for each in optimizer.variables]
    assert names == ["iterations:0", "learning_rate:0", "momentum/w:0", "momentum/w_1:0"]
