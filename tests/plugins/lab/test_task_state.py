"""What a task keeps beside its variables: it is saved and restored with them, and checked."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from optiplug import BrokenPluginError, TaskConfig
from optiplug_lab import tasks
from optiplug_lab.config import TrainConfig
from optiplug_lab.folder import RunFolder
from optiplug_lab.run import Run

SGD = {"use": "sgd", "learning_rate": 0.1, "jit_compile": False}


def taken(folder, steps, strategy, *, resume=False):
    """Take the steps of a run whose task remembers the weights of 16 steps; return all that it holds."""
    task = {"use": "diagnostic_delay"}
    config = TrainConfig(task=task, optimizer=SGD, steps=steps, batch_size=2, strategy=strategy)
    with Run(config, RunFolder(folder), resume=resume) as run:
        run.train()
    return dict(np.load(folder / "weights.npz"))


@pytest.mark.parametrize("strategy", [pytest.param("none", marks=pytest.mark.slow), {"mirrored": 2}])
def test_a_continued_run_remembers(tmp_path, strategy):
    whole = taken(tmp_path / "whole", 30, strategy)
    taken(tmp_path / "parts", 20, strategy)
    parts = taken(tmp_path / "parts", 30, strategy, resume=True)

    assert whole.keys() == parts.keys() == {"weights", "former"}
    for name, value in whole.items():
        np.testing.assert_array_equal(value, parts[name])


class Counted:
    """A task whose state is broken by what `state` of a subclass returns."""

    def __init__(self, config):
        pass

    def build(self, seed):
        self.variables = [tf.Variable(1.0, name="slope")]

    def batch(self, step, batch_size, seed):
        return (tf.ones(batch_size),)

    def loss(self, points):
        return tf.reduce_mean(self.variables[0] * points)

    def evaluate(self):
        return {"slope": self.variables[0]}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (lambda: 0.5, "after `build`, `state` must be a list of variables. Received: 0.5"),
        (lambda: [0.5], "`state` must hold tf.Variable only. Received: 0.5"),
        (lambda: [tf.Variable(0.0, name="slope")], "each variable must have a name of its own"),
    ],
)
def test_what_is_no_state_is_told_why(state, message):
    class CountedConfig(TaskConfig):
        def create(self):
            return type("Counted", (Counted,), {"state": state()})(self)

    with pytest.raises(BrokenPluginError) as caught:
        tasks.built(CountedConfig(), seed=0)

    assert message in str(caught.value)


def test_a_task_without_state_has_none():
    assert tasks.state_of(Counted(None)) == {}
