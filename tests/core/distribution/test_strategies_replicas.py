"""What replicas of a strategy share, what each does alone, and from where a step is refused."""

import copy

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.device_places import ONE, OnStrategy
from support.placed_runs import EVERYTHING, SHAPES, Run, assert_equal
from support.strategies import central_storage, devices, mirrored, on_each_replica, one_device

TWO = OnStrategy(lambda: mirrored(2))
FOUR = OnStrategy(lambda: mirrored(4))


def trained_by_gradients(place, mode):
    """Return what 8 calls make of gradients that are exact in every sum of the shares of the replicas.

    They shrink from call to call, so that the global norm is clipped at first and not at last.
    """
    run = Run(place, EVERYTHING)
    step = place.on_each_replica(run.apply, mode)
    shares = {1: [1.0], 2: [0.25, 0.75]}[place.make().num_replicas_in_sync]
    generator = np.random.default_rng(1)
    for call in range(8):
        whole = [np.round(generator.normal(size=shape) * 64) / 2.0 ** (6 + call) for shape in SHAPES.values()]
        step([[np.float32(share * gradient) for gradient in whole] for share in shares])
    return run.values()


@pytest.fixture(scope="module")
def eager():
    return trained_by_gradients(ONE, "eager")


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("place", "mode"),
    [(ONE, "eager"), (ONE, "graph"), (ONE, "xla"), (TWO, "eager"), (TWO, "graph")],
    ids=["eager", "graph", "xla", "mirrored eager", "mirrored graph"],
)
def test_bitwise_the_same_from_the_same_gradients(place, mode, eager):
    """Where gradients have the same bits, XLA compiles the same step from every path."""
    assert eager["iterations"] == 4
    assert_equal(trained_by_gradients(place, mode), eager)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("place", [TWO, FOUR], ids=["mirrored 2", "mirrored 4"])
def test_a_nan_on_one_replica_makes_all_skip_alike(place):
    run = Run(place, EVERYTHING)
    run.optimizer.build(run.variables)
    before = run.values()
    step = place.on_each_replica(lambda scale: run.apply([each * scale for each in run.variables]), "graph")
    scales = [1.0] * place.make().num_replicas_in_sync
    for _ in range(2):
        step([*scales[1:], float("nan")])
    after = run.values()  # which are the same on every device
    assert after["iterations"] == 0
    assert after["skip_non_finite/skipped"] == 2
    assert_equal({**after, "skip_non_finite/skipped": 0}, before)
    for _ in range(2):
        step(scales)
    assert run.values()["iterations"] == 1


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_hooks_before_aggregation_see_gradients_of_their_replica(graph):
    strategy = mirrored(2)

    class Clip:
        @optiplug.hookimpl
        def pre_aggregate(self, gradients):
            return [tf.clip_by_value(gradient, -1.0, 1.0) for gradient in gradients]

    with strategy.scope():
        variable = tf.Variable(0.0)
        optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[Clip()])
    step = on_each_replica(strategy, lambda g: optimizer.apply_gradients([(g, variable)]), graph=graph)
    step([5.0, 0.5])
    assert [float(each) for each in devices(strategy, [variable], 1)] == [-1.5]


@pytest.mark.parametrize("call", ["scope", "outside"])
def test_a_cross_replica_call_is_refused(call):
    strategy = mirrored(2)
    with strategy.scope():
        variable, optimizer = tf.Variable(1.0), optiplug.create("sgd")
        if call == "scope":
            with pytest.raises(RuntimeError, match=r"replica context.*strategy.run"):
                optimizer.apply_gradients([(tf.constant(1.0), variable)])
    if call == "outside":
        with pytest.raises(RuntimeError, match=r"replica context.*strategy.run"):
            optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert float(variable.numpy()) == 1.0


def test_state_that_was_created_outside_the_scope_is_refused():
    strategy = mirrored(2)
    optimizer = optiplug.create("sgd")
    assert int(optimizer.iterations) == 0  # creates the variable, here
    with strategy.scope():
        variable = tf.Variable(1.0)
    step = on_each_replica(strategy, lambda g: optimizer.apply_gradients([(g, variable)]), graph=True)
    with pytest.raises(RuntimeError, match=r"'iterations:0'.*inside `with strategy.scope"):
        step([1.0, 1.0])


def test_variables_built_outside_of_a_replica():
    run = Run(TWO, EVERYTHING)
    run.optimizer.build(run.variables)
    assert all(hasattr(each, "distribute_strategy") for each in run.optimizer.state.created.values())
    step = TWO.on_each_replica(lambda scale: run.apply([each * scale for each in run.variables]), "graph")
    step([0.5, 0.5])
    assert run.optimizer.trace_count == 2


@pytest.mark.parametrize("make", [lambda: mirrored(2), central_storage, one_device])
def test_counters_are_numbers(make):
    strategy = make()
    with strategy.scope():
        weight = tf.Variable(1.0)
        optimizer = optiplug.create("sgd", learning_rate=0.5)
    inside = []

    def step():
        optimizer.apply_gradients([(tf.constant(1.0), weight)])
        inside.append((int(optimizer.iterations), float(optimizer.learning_rate)))

    strategy.run(step)
    assert set(inside) == {(1, 0.5)}
    assert (int(optimizer.iterations), float(optimizer.learning_rate)) == (1, 0.5)
    with strategy.scope():
        assert int(copy.deepcopy(optimizer.iterations)) == 1
