"""A report runs the build without taking memory or changing anything."""

import tensorflow as tf

import optiplug
from optiplug_processors.ema import EMA
from optiplug_sgd.sgd import SGD


def model(dtype="float32"):
    kernel = tf.Variable(tf.ones([3, 4], dtype), name="dense/kernel")
    return [kernel, tf.Variable(tf.ones([4], dtype), name="dense/bias"), tf.Variable(1.0, name="scale")]


def allocated(optimizer):
    return {name: state.numpy().nbytes for name, state in optimizer.state.states.items()}


def test_no_memory_is_taken():
    """A variable of 40 GB would not fit here, twice over."""

    class Huge(tf.Variable):
        """A variable without a value."""

        name, shape, dtype, constraint = "huge:0", tf.TensorShape([10**10]), tf.float32, None

        def __new__(cls):
            return object.__new__(cls)

        def __init__(self): ...

    report = optiplug.create("adam").state_report([Huge()])
    assert report.total == 2 * 4 * 10**10 + 8 + 4


def test_processors_that_are_objects_stay_as_they_are():
    average, variables = EMA(momentum=0.5), model()
    optimizer = SGD(0.1, processors=[average])
    late = EMA(momentum=0.25, name="late")
    optimizer.add_processor(late)
    report = optimizer.state_report(variables)
    assert {row.slot for row in report.rows} == {"", "ema/average", "late/average"}
    assert not hasattr(average, "average")
    optimizer.build(variables)
    assert average.average[variables[0]].shape == (3, 4)
    assert {row.name: row.bytes for row in report.rows} == allocated(optimizer)
