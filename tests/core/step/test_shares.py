"""Shares in a step: calls for some of the variables, variables that come late, and what is refused."""

from contextlib import nullcontext

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import HookError
from support.sharded_runs import CONFIGS, SHAPES, Run, assert_same
from support.strategies import mirrored


def both(config, train, *, graph=False, replicas=2, **options):
    """Return a run with sharded state and one without, trained alike."""
    runs = [
        Run(mirrored(replicas), config, sharded=sharded, graph=graph, **options) for sharded in (True, False)
    ]
    for run in runs:
        train(run)
    return runs


def partial(run):
    """Some calls have no gradient for what is shared, and later ones do."""
    run.train(range(2)).train([2, 3], only=["bias", "table"]).train([4], only=["scale"]).train([5])


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("name", "graph"), [("gates", False), ("chain", True)], ids=["gates", "chain"])
def test_partial_gradients(name, graph):
    """With averages of what is left out, and with gates that hold back what had a gradient before."""
    runs = both(CONFIGS[name], partial, graph=graph)
    assert_same(*runs)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_late_variables(graph):
    """A build for some, and steps, before another large one appears."""

    def late(run):
        run.train(range(2), only=["bias", "table"])
        # A function of the caller's keeps the step in which there was less.
        told = pytest.warns(UserWarning, match="do not know of") if graph else nullcontext()
        with told:
            run.train(range(2, 5))

    runs = both(CONFIGS["chain"], late, graph=graph)
    assert_same(*runs)
    held = {row.variable: row.device_bytes for row in runs[0].optimizer.state_report().rows if row.slot}
    assert held["kernel"] == 18_000 * 8 / 2


def test_averages_and_final_values():
    runs = both(CONFIGS["chain"], lambda run: run.train(range(4)))
    for run in runs:
        with run.optimizer.averaged_weights():
            run.inside = run.model
    np.testing.assert_array_equal(runs[0].inside["table"], runs[1].inside["table"])
    assert np.abs(runs[0].inside["table"] - runs[0].model["table"]).max() > 1e-3
    assert_same(*runs)
    for run in runs:
        run.optimizer.finalize_variable_values(run.variables)
    assert_same(*runs)
    np.testing.assert_array_equal(runs[0].inside["table"], runs[0].model["table"])


def test_processors_that_come_later():
    def added(run):
        run.train(range(2))
        run.optimizer.add_processor({"use": "ema", "momentum": 0.5})
        run.train(range(2, 4))

    runs = both(CONFIGS["adam"], added)
    assert_same(*runs)
    assert "ema/average/table" in runs[0].state


@pytest.mark.sampled(3)
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_precisions(dtype):
    runs = both(CONFIGS["chain"], lambda run: run.train(range(4)), dtype=dtype)
    assert_same(*runs)


def test_sparse_gradients():
    models = []
    for sharded in (True, False):
        with mirrored(2).scope():
            table = tf.Variable(tf.ones([300, 64]), name="table")
            optimizer = optiplug.create("adam", learning_rate=0.1, sharded_state=sharded)

        def step(table=table, optimizer=optimizer):
            rows = tf.constant([1, 5, 1]) + 7 * tf.distribute.get_replica_context().replica_id_in_sync_group
            gradient = tf.IndexedSlices(tf.random.stateless_normal([3, 64], [1, 2]), rows, [300, 64])
            optimizer.apply_gradients([(gradient, table)])

        for _ in range(3):
            mirrored(2).run(step)
        models.append(table.numpy())
    np.testing.assert_array_equal(*models)
    assert np.abs(models[0][[1, 5, 8, 12]] - 1).min() > 0


def test_an_assignment_of_the_whole_is_refused():
    class Early:
        @optiplug.hookimpl
        def clip(self, gradients, step):
            for variable in step.variables:
                variable.assign(0.5 * variable)
            return gradients

    config = {**CONFIGS["adam"], "processors": [Early()]}
    with pytest.raises(HookError, match="before the stage `share`"):
        Run(mirrored(2), config, sharded=True).train([0])
    Run(mirrored(2), config, sharded=False).train([0])


def test_hooks_before_see_the_whole_and_others_shares():
    seen = {}

    class Look:
        @optiplug.hookimpl
        def clip(self, gradients, step):
            seen["clip"] = {each.path: tuple(each.shape) for each in step.variables}
            return gradients

    class Watch:
        class Config:
            elementwise = True

        @optiplug.hookimpl
        def post_step(self, step):
            seen["post_step"] = {each.path: tuple(each.shape) for each in step.variables}

    config = {"use": "adam", "pack_small_variables": False, "processors": [Look(), Watch()]}
    Run(mirrored(4), config, sharded=True).train([0])
    assert seen["clip"] == SHAPES
    assert seen["post_step"] == {**SHAPES, "table": (4127,), "kernel": (4500,)}
