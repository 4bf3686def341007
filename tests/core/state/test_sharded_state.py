"""State of a variable that is split up is one by name, and goes into any number of shards."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug.checkpoint import Checkpoints
from support.sharded_models import ROWS, WIDTH, ShardedRun, assert_same

CHAIN = {"use": "adam", "use_ema": True, "global_clipnorm": 1.0}


def test_names_and_values_are_those_of_the_whole():
    plain, split = ShardedRun(None, **CHAIN).train(2), ShardedRun(3, **CHAIN).train(2)
    assert_same(split.saved, plain.saved)
    assert split.saved["momentum/table"].shape == (ROWS, WIDTH)
    told, expected = split.optimizer.state_report(), plain.optimizer.state_report()
    assert str(told) == str(expected)
    assert sorted(split.optimizer.state.created) != sorted(plain.optimizer.state.created)


@pytest.mark.parametrize(("before", "after"), [(2, 3), (2, None), (None, 3), (3, 1)])
def test_a_checkpoint_knows_nothing_of_shards(tmp_path, before, after):
    first = ShardedRun(before, **CHAIN).train(2)
    checkpoint = tf.train.Checkpoint(table=first.table, bias=first.bias, optimizer=first.optimizer)
    path = checkpoint.save(str(tmp_path / "c"))
    again = ShardedRun(after, seed=5, **CHAIN).train(1)
    tf.train.Checkpoint(table=again.table, bias=again.bias, optimizer=again.optimizer).restore(
        path
    ).assert_consumed()
    assert_same(again.model, first.model, 0)
    assert_same(again.saved, first.saved, 0)
    first.random, again.random = np.random.default_rng(3), np.random.default_rng(3)
    assert_same(again.train(2).model, first.train(2).model)


def test_a_checkpoint_waits_for_shards(tmp_path):
    first = ShardedRun(2, **CHAIN).train(2)
    path = tf.train.Checkpoint(optimizer=first.optimizer).save(str(tmp_path / "c"))
    again = ShardedRun(3, **CHAIN)
    tf.train.Checkpoint(optimizer=again.optimizer).restore(path)
    again.optimizer.build([again.table, again.bias])
    assert_same(again.saved, first.saved, 0)


@pytest.mark.parametrize(("before", "after"), [(2, 3), (None, 2), (2, None)])
def test_the_library_knows_nothing_of_shards(tmp_path, before, after):
    def saved(run):
        return Checkpoints(tmp_path, {"table": run.table, "bias": run.bias, "optimizer": run.optimizer})

    first, again = ShardedRun(before, **CHAIN).train(2), ShardedRun(after, seed=4, **CHAIN).train(1)
    with saved(first) as checkpoints:
        checkpoints.save(1)
    with saved(again) as checkpoints:
        assert checkpoints.restore().step == 1
    assert_same(again.model, first.model, 0)
    assert_same(again.saved, first.saved, 0)


@pytest.mark.parametrize(("before", "after"), [(2, 3), (None, 2), (2, None)])
def test_state_is_loaded_by_name(before, after):
    first, again = ShardedRun(before, **CHAIN).train(2), ShardedRun(after, seed=4, **CHAIN).train(1)
    again.optimizer.load_own_variables(first.saved)
    assert_same(again.saved, first.saved, 0)


def test_state_of_another_shape_is_refused():
    class CountsRows(optiplug.Optimizer):
        class Config(optiplug.OptimizerConfig):
            elementwise = True

        def build(self, var_list):
            super().build(var_list)
            self.count = self.add_slot("count", shape=())

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    with pytest.raises(optiplug.BuildError, match=r"count/table: .*must have its shape, not so of 'table'"):
        CountsRows().build([ShardedRun(2, use="sgd").table])


def test_a_wrong_value_is_refused():
    run = ShardedRun(2, use="sgd", momentum=0.9).train(1)
    whole = run.optimizer.state.states["momentum/table"]
    whole.assign(np.ones([ROWS, WIDTH]))
    assert whole.numpy().sum() == ROWS * WIDTH
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        whole.assign(np.ones([ROWS + 1, WIDTH]))
