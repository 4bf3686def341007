"""Accumulation that sums over replicas in the last call of a step only."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug.testing.training import apply_as_scaled
from support.strategies import mirrored, on_every_device
from support.worker_matrix import WINDOWS, Run, alone, assert_close, batches, every_call

LAST = {"use": "accumulate", "steps": 2, "sum_over_replicas": "last_call"}
SHAPES = {"a": (3, 2), "b": (2,), "c": (), "table": (4, 2)}
NAN = float("nan")


class Divided(Run):
    """A run of which each replica takes its part of a batch."""

    def step(self, x, late=False):
        replica = tf.distribute.get_replica_context()
        rows = x.shape[0] // replica.num_replicas_in_sync
        begin = replica.replica_id_in_sync_group * rows
        super().step(x[begin : begin + rows], late)


@pytest.mark.filterwarnings("ignore:adamw. traces of a function")  # one variable is late
@pytest.mark.parametrize("name", ["gated", pytest.param("plain", marks=pytest.mark.slow)])
@pytest.mark.parametrize("mode", ["graph", pytest.param("eager", marks=pytest.mark.slow)])
def test_equals_one_process_with_the_whole_batch(name, mode):
    data = batches(broken=name == "gated")
    run = Divided(mirrored(2), WINDOWS[name]).train(data[:6], mode).train(data[6:], mode, late=True)
    expected = Divided(alone(), every_call(WINDOWS[name])).train(data[:6]).train(data[6:], late=True)
    assert_close(run.values(), expected.values())


class Pairs:
    """Variables that have a gradient in some calls only."""

    def __init__(self, strategy, sums, processors=(), **config):
        random = np.random.default_rng(6)
        self.strategy = strategy
        with strategy.scope():
            self.model = {
                name: tf.Variable(random.normal(size=shape), name=name, dtype=tf.float32)
                for name, shape in SHAPES.items()
            }
            hooks = [{**LAST, "sum_over_replicas": sums}, *processors]
            given = {"learning_rate": 0.125, "processors": hooks, **config}
            self.optimizer = optiplug.create("adam", **given)
            self.optimizer.build(list(self.model.values()))
        self.checkpoint = tf.train.Checkpoint(optimizer=self.optimizer, **self.model)

    def call(self, number, names, bad=None):
        """Apply gradients whose sums are exact; those of one replica may be `bad`."""
        random = np.random.default_rng(number)
        drawn = {name: np.round(random.normal(size=(2, *SHAPES[name])) * 64) / 64 for name in names}

        def replica():
            place = tf.distribute.get_replica_context().replica_id_in_sync_group
            several = self.strategy.num_replicas_in_sync > 1
            own = {name: each[place] if several else each.sum(0) for name, each in drawn.items()}
            given = {name: tf.constant(each, tf.float32) for name, each in own.items()}
            if bad is not None and place == bad % self.strategy.num_replicas_in_sync:
                given = {name: each * NAN for name, each in given.items()}
            if "table" in given:
                rows = tf.concat([given["table"], tf.zeros([1, 2])], 0)
                given["table"] = tf.IndexedSlices(rows, tf.constant([0, 1, 2, 3, 0]), tf.constant([4, 2]))
            pairs = [(given.get(name), variable) for name, variable in self.model.items()]
            apply_as_scaled(self.optimizer, pairs)

        self.strategy.run(replica)

    @property
    def values(self):
        """Model and state, the same on each device; sums as one has them."""
        every = on_every_device(self.strategy, list(self.model.values()))
        for device in every[1:]:
            np.testing.assert_equal(device, every[0])
        return {name: each.numpy() for name, each in (self.model | self.optimizer.state.states).items()}


CALLS = [("a", "b", "c", "table"), ("a",), ("a",), ("a", "table"), ("c",), ("b",), ("a", "b", "c")]


@pytest.mark.filterwarnings("ignore:Variables without gradient")
@pytest.mark.parametrize("jit_compile", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_some_have_a_gradient_in_some_calls_only(jit_compile):
    """In the middle of a window, too, the state is what it is without: to the bit, as sums are exact."""
    place, every = mirrored(2), Pairs(alone(), "every_call", jit_compile=jit_compile)
    last = Pairs(place, "last_call", jit_compile=jit_compile)
    for number, names in enumerate(CALLS):
        for run in (every, last):
            run.call(number, names)
        np.testing.assert_equal(last.values, every.values)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Variables without gradient")
def test_one_replica_that_is_not_finite_drops_its_window():
    place = mirrored(2)
    runs = [Pairs(place, sums, ["skip_non_finite"], use_ema=True) for sums in ("every_call", "last_call")]
    for number, names in enumerate(CALLS[:6]):
        for run in runs:
            run.call(number, names, bad=1 if number == 2 else None)
    np.testing.assert_equal(runs[1].values, runs[0].values)
    assert int(runs[1].optimizer.iterations) == 2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Variables without gradient")
@pytest.mark.parametrize("pause", [1, 2, 5])
@pytest.mark.parametrize("there", ["one", "two", "four"])
def test_saved_and_resumed_within_a_window(pause, there, tmp_path):
    """What is held back goes where it is restored, whichever way that sums."""
    places = {"one": alone(), "two": mirrored(2), "four": mirrored(4)}
    source, target = Pairs(mirrored(2), "last_call"), Pairs(places[there], "last_call")
    expected = Pairs(alone(), "every_call")
    for number, names in enumerate(CALLS):
        expected.call(number, names)
        if number < pause:
            source.call(number, names)
    path = source.checkpoint.write(str(tmp_path / "saved"))
    target.checkpoint.read(path).assert_consumed()
    if there == "four":
        np.testing.assert_equal(target.values, source.values)
        return
    for number, names in enumerate(CALLS[pause:], start=pause):
        target.call(number, names)
    found = expected.values
    for name, value in target.values.items():
        # Joined variables are in another program, which adds and multiplies in one instruction elsewhere.
        np.testing.assert_allclose(value, found[name], rtol=1e-6, err_msg=name)


@pytest.mark.filterwarnings("ignore:Variables without gradient")
def test_state_by_name_is_the_sum_of_all_replicas():
    source, store = Pairs(mirrored(2), "last_call"), {}
    source.call(0, CALLS[0])
    source.optimizer.save_own_variables(store)
    one = Pairs(alone(), "every_call")
    one.call(0, CALLS[0])
    np.testing.assert_equal(store, {name: each.numpy() for name, each in one.optimizer.state.states.items()})
    again = Pairs(mirrored(2), "last_call")
    again.optimizer.load_own_variables(store)
    np.testing.assert_equal(again.values, one.values)


def test_a_gate_before_it_that_takes_the_sum_is_refused():
    with pytest.raises(optiplug.ConfigError, match=r"must come before gates .*skip_non_finite"):
        optiplug.create("sgd", learning_rate=0.1, processors=["skip_non_finite", LAST])
    optiplug.create("sgd", learning_rate=0.1, processors=[LAST, "skip_non_finite"])


def test_gradients_that_are_summed_already_are_refused():
    with mirrored(2).scope():
        weight = tf.Variable(1.0)
        optimizer = optiplug.create("sgd", learning_rate=0.1, processors=[LAST])

    def replica():
        optimizer.apply_gradients([(tf.constant(1.0), weight)], skip_gradients_aggregation=True)

    with pytest.raises(optiplug.ConfigError, match=r"only the step itself can sum them.*accumulate"):
        mirrored(2).run(replica)


def test_on_one_replica_it_is_the_same_program():
    """There is nothing to sum, and so nothing to leave out."""
    programs = []
    for sums in ("every_call", "last_call"):
        optimizer = optiplug.create("sgd", processors=[{**LAST, "sum_over_replicas": sums}])
        optimizer.build([tf.Variable([1.0, 2.0])])
        programs.append(re.sub(r"_\d+", "", optimizer.compiled_program()))
    assert programs[0] == programs[1]
