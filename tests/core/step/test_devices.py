"""The step of all devices: gates before the sum over replicas, and what follows it."""

import pytest
import tensorflow as tf

import optiplug
from support.strategies import mirrored


class Early:
    """Counts what it gets before the sum, and lets the second call go."""

    before_sum = True

    def __init__(self):
        self.seen = []

    @optiplug.hookimpl
    def gate(self, gradients, step):
        self.seen += [float(each) for each in gradients]
        return [2 * each for each in gradients], tf.greater(len(self.seen), 2)


class Late:
    """Sees the sum, where there is one."""

    def __init__(self):
        self.seen = []

    @optiplug.hookimpl
    def gate(self, gradients, step):
        self.seen += [float(each) for each in gradients]
        return gradients, tf.constant(True)


def run_eagerly(processors, calls):
    tf.config.run_functions_eagerly(True)
    try:
        with mirrored(2).scope():
            weight = tf.Variable(0.0)
            optimizer = optiplug.create("sgd", learning_rate=1.0, processors=processors, jit_compile=False)

        def replica():
            place = tf.distribute.get_replica_context().replica_id_in_sync_group
            optimizer.apply_gradients([(tf.cast(place + 1, tf.float32), weight)])

        for _ in range(calls):
            mirrored(2).run(replica)
    finally:
        tf.config.run_functions_eagerly(False)
    return [float(each) for each in mirrored(2).experimental_local_results(weight)]


def test_gates_before_the_sum_see_replicas_and_others_the_sum():
    early, late = Early(), Late()
    assert run_eagerly([early, late], 2) == [-6.0, -6.0]
    assert early.seen == [1.0, 2.0] * 2
    assert late.seen == [6.0, 6.0]


def test_what_is_held_is_whole_where_the_step_fails():
    """An uncompiled one: of a compiled one nothing can fail once it has begun."""
    fails = tf.Variable(0)

    class Failing:
        @optiplug.hookimpl
        def decay(self, gradients, step):
            with tf.control_dependencies([tf.debugging.assert_equal(fails, 0, "as it must")]):
                return [tf.identity(each) for each in gradients]

    with mirrored(2).scope():
        weight = tf.Variable(0.0)
        accumulate = {"use": "accumulate", "steps": 2, "sum_over_replicas": "last_call"}
        optimizer = optiplug.create(
            "sgd", learning_rate=1.0, processors=[accumulate, Failing()], jit_compile=False
        )

    @tf.function
    def step():
        mirrored(2).run(lambda: optimizer.apply_gradients([(tf.constant(1.0), weight)]))

    step()
    fails.assign(1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="as it must"):
        step()
    states = optimizer.state.states
    held = next(each for name, each in states.items() if name.startswith("accumulate/sum"))
    assert (float(weight.numpy()), int(states["accumulate/count"]), float(held)) == (0.0, 1, 2.0)
    fails.assign(0)
    step()
    assert (float(weight.numpy()), int(states["accumulate/count"])) == (-2.0, 0)
