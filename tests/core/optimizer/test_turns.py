"""Threads that share an optimizer: one step at a time, and one count for what is taken at once."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug._optimizer.parts import parts_of

THREADS = 4


def at_once(work):
    """Run `work(i)` in several threads, which all have called before the first of them steps."""
    begin, errors = threading.Barrier(THREADS), []

    def run(number):
        begin.wait()
        try:
            work(number)
        except Exception as error:  # noqa: BLE001  # to be looked at in the main thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.fixture
def waiting(monkeypatch):
    """Let each step of an optimizer wait until all threads have called."""

    def wait_in(optimizer):
        called, aggregate = threading.Barrier(THREADS), optimizer.aggregate_gradients

        def aggregate_when_all_are_there(pairs):
            called.wait()
            return aggregate(pairs)

        monkeypatch.setattr(optimizer, "aggregate_gradients", aggregate_when_all_are_there)

    return wait_in


def ones(count=3):
    return tf.Variable(tf.ones([count]))


def test_first_steps_of_different_variables_are_all_first(waiting):
    optimizer, variables = optiplug.create("adam", jit_compile=False), [ones() for _ in range(THREADS)]
    waiting(optimizer)
    for _ in range(2):
        at_once(lambda i: optimizer.apply_gradients([(tf.ones(3), variables[i])]))
    alone, weight = optiplug.create("adam", jit_compile=False), ones()
    alone.apply_gradients([(tf.ones(3), weight)])
    for variable in variables:
        assert float(variable[0]) < float(weight[0]) < 1.0
    assert int(optimizer.iterations) == 2 * THREADS


def test_a_first_step_at_once_is_that_of_one_call(waiting):
    optimizer, variables = optiplug.create("adam", jit_compile=False), [ones() for _ in range(THREADS)]
    waiting(optimizer)
    at_once(lambda i: optimizer.apply_gradients([(tf.ones(3) * (i + 1), variables[i])]))
    together, others = optiplug.create("adam", jit_compile=False), [ones() for _ in range(THREADS)]
    together.apply_gradients([(tf.ones(3) * (i + 1), each) for i, each in enumerate(others)])
    for one, other in zip(variables, others, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_steps_of_one_variable_follow_each_other(waiting):
    optimizer, variable = optiplug.create("adam", jit_compile=False), ones()
    waiting(optimizer)
    at_once(lambda _: optimizer.apply_gradients([(tf.ones(3), variable)]))
    alone, weight = optiplug.create("adam", jit_compile=False), ones()
    for _ in range(THREADS):
        alone.apply_gradients([(tf.ones(3), weight)])
    np.testing.assert_array_equal(variable.numpy(), weight.numpy())


def test_state_of_all_variables_together_follows_the_counter(waiting):
    optimizer, variables = optiplug.create("nadam", jit_compile=False), [ones() for _ in range(THREADS)]
    waiting(optimizer)
    at_once(lambda i: optimizer.apply_gradients([(tf.ones(3), variables[i])]))
    in_turn, others = optiplug.create("nadam", jit_compile=False), [ones() for _ in range(THREADS)]
    for each in others:
        in_turn.apply_gradients([(tf.ones(3), each)])
    assert sorted(float(each[0]) for each in variables) == sorted(float(each[0]) for each in others)
    assert len({float(each[0]) for each in others}) == THREADS


def test_the_counter_is_right_after_an_error(waiting):
    optimizer, variables = optiplug.create("sgd", jit_compile=False), [ones() for _ in range(THREADS)]
    waiting(optimizer)
    refused = []

    def step(number):
        gradient = tf.ones(3) if number else tf.ones(4)
        try:
            optimizer.apply_gradients([(gradient, variables[number])])
        except optiplug.GradientsError:
            refused.append(number)

    at_once(step)
    assert refused == [0]
    assert int(optimizer.iterations) == THREADS - 1


def test_who_calls_while_a_step_runs_is_at_its_count():
    running = threading.Event()

    class Waits:
        @optiplug.hookimpl
        def clip(self, gradients):
            deadline = time.monotonic() + 60
            first, _ = not running.is_set(), running.set()
            while first and len(calling) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            return gradients

    variables = [ones(), ones()]
    optimizer = optiplug.create("adam", processors=[Waits()], jit_compile=False)
    optimizer.build(variables)
    calling = parts_of(optimizer).turns._calling
    first = threading.Thread(target=lambda: optimizer.apply_gradients([(tf.ones(3), variables[0])]))
    first.start()
    assert running.wait(60)
    optimizer.apply_gradients([(tf.ones(3), variables[1])])
    first.join()
    np.testing.assert_array_equal(variables[0].numpy(), variables[1].numpy())
    assert int(optimizer.iterations) == 2
