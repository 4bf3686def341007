"""Threads that share an optimizer take turns, and no step is taken inside of itself."""

from __future__ import annotations

import threading

import pytest
import tensorflow as tf

import optiplug
from optiplug import hookimpl
from support.strategies import mirrored


def in_threads(count, work):
    """Run the same thing in several threads that begin together, and return what they raised."""
    begin, errors = threading.Barrier(count), []

    def run():
        begin.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001  # to be looked at in the main thread
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.parametrize("jit_compile", [True, False], ids=["compiled", "uncompiled"])
def test_no_update_of_a_thread_is_lost(jit_compile):
    optimizer = optiplug.create("sgd", learning_rate=1.0, momentum=0.0, jit_compile=jit_compile)
    variable = tf.Variable(tf.zeros([1000]))

    def work():
        for _ in range(50):
            optimizer.apply_gradients([(tf.ones([1000]), variable)])

    # The first of their steps, too, which builds and traces, is taken by all of them together.
    assert in_threads(4, work) == []
    assert float(variable[0]) == -200.0
    assert int(optimizer.iterations) == 200
    assert optimizer.trace_count == 1


def test_replicas_do_not_wait_for_each_other():
    strategy = mirrored(2)
    with strategy.scope():
        optimizer, variable = optiplug.create("adam", learning_rate=1.0), tf.Variable(0.0)
    errors = in_threads(
        1,
        lambda: [
            strategy.run(lambda: optimizer.apply_gradients([(tf.constant(0.5), variable)])) for _ in range(2)
        ],
    )
    assert errors == []
    assert [int(each) for each in strategy.experimental_local_results(optimizer.iterations)] == [2, 2]


@pytest.mark.parametrize("jit_compile", [True, False], ids=["compiled", "uncompiled"])
@pytest.mark.parametrize("stage", ["gate", "clip", "post_step", "pre_aggregate"])
def test_a_step_inside_of_a_step_is_refused(stage, jit_compile):
    def again(self):
        optimizer.apply_gradients([(tf.constant(1.0), variable)])

    hook = type("Again", (), {stage: hookimpl(again)})()
    optimizer = optiplug.create("sgd", processors=[hook], jit_compile=jit_compile)
    variable = tf.Variable(1.0)
    with pytest.raises(optiplug.HookError, match="cannot take another step of the same optimizer"):
        optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert float(variable) == 1.0


def test_a_step_of_another_optimizer_is_not_refused():
    other, seen = optiplug.create("sgd", learning_rate=1.0, jit_compile=False), tf.Variable(0.0)

    class Counts:
        @hookimpl
        def pre_aggregate(self, gradients):
            other.apply_gradients([(tf.constant(-1.0), seen)])
            return gradients

    optimizer, variable = optiplug.create("sgd", processors=[Counts()]), tf.Variable(1.0)
    other.build([seen])
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert int(other.iterations) == 1
