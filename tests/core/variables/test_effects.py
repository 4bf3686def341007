"""Writing waits for every value and for every check."""

import pytest
import tensorflow as tf

from optiplug._variables.effects import Effects


def late(value):
    """Return a value that comes after everything else that is ready."""
    return tf.py_function(lambda x: [tf.identity(x) for _ in range(1000)][-1], [value], value.dtype)


def test_writing_waits_for_a_check():
    written = tf.Variable(1.0)

    @tf.function(autograph=False)
    def run(value):
        effects = Effects()
        tf.debugging.assert_equal(late(value), 0.0)
        with effects.awaited([value]):
            written.assign(value)

    with pytest.raises(tf.errors.InvalidArgumentError):
        run(tf.constant(2.0))
    assert float(written) == 1.0
    run(tf.constant(0.0))
    assert float(written) == 0.0


def test_no_value_is_there_before_all_are():
    written = tf.Variable(1.0)

    @tf.function(autograph=False)
    def run(value):
        effects = Effects()
        one, _ = effects.settled((value, tf.gather([1.0], tf.cast(late(value), tf.int32))))
        written.assign(one)

    with pytest.raises(tf.errors.InvalidArgumentError):
        run(tf.constant(2.0))
    assert float(written) == 1.0


def test_what_was_there_before_is_not_waited_for():
    @tf.function(autograph=False)
    def run(value):
        tf.debugging.assert_equal(value, 0.0)
        effects = Effects()
        before = len(tf.compat.v1.get_default_graph().get_operations())
        with effects.awaited([]):
            tf.identity(value)
        return len(tf.compat.v1.get_default_graph().get_operations()) - before

    assert int(run(tf.constant(0.0))) == 1


def test_outside_of_a_graph_everything_is_in_order():
    with Effects().awaited([tf.constant(1.0)]):
        assert Effects().settled([tf.constant(1.0)])[0].numpy() == 1.0
