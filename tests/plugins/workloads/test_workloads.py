"""What every task with a goal keeps to, and what a run of each workload has to give."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from optiplug import registry
from optiplug_lab.config import TrainConfig
from optiplug_lab.tasks import built
from optiplug_lab.trial import trial
from support.project_paths import ROOT

GOALS = {
    entry.name: config
    for entry in registry.entries("tasks")
    if (config := registry.load(entry)).goal is not None
}
# Learning rate of adamw, steps between evaluations, and held-out losses from the start on, with seed 0.
CURVES = {
    "autoencoder": (0.003, 20, [45.00192, 28.28027, 27.25170, 26.14586]),
    "char_transformer": (0.003, 5, [4.551520, 3.469841, 3.322540]),
    "logistic": (0.003, 20, [2.317991, 0.4157052, 0.2467605, 0.2043094]),
    "recommender": (0.01, 20, [0.6938661, 0.6036571, 0.5722728, 0.5669078]),
    "tabular": (0.003, 20, [2.059604, 0.3517919, 0.2468891, 0.1904842]),
}


# By default it learns a text that comes with Python, and so another one with another version.
TEXT = {"char_transformer": {"text": str(ROOT / "LICENSE")}}
SMALLER = {"char_transformer": {"context": 16, "width": 24, "blocks": 1}}


def run(name, seed, evaluations, **fields):
    rate, every, _ = CURVES[name]
    config = TrainConfig(
        task=GOALS[name](**fields),
        optimizer={"use": "adamw", "learning_rate": rate, "jit_compile": False},
        steps=every * (evaluations - 1),
        batch_size=GOALS[name].goal.batch_size,
        evaluate_every=every,
        seed=seed,
    )
    return list(trial(config))


def losses(evaluations):
    return [each.figures["loss"] for each in evaluations]


@pytest.mark.parametrize("name", GOALS)
def test_the_figure_of_a_goal_is_evaluated_and_not_yet_reached(name):
    figures = built(GOALS[name](), seed=0).evaluate()
    goal = GOALS[name].goal

    assert math.isfinite(figures[goal.figure])
    assert not goal.is_reached(figures[goal.figure])
    assert goal.steps >= 5 * goal.evaluate_every


# The transformer's take seconds, and are run by `make test-all`.
WITH_SLOW = [
    pytest.param(name, marks=[pytest.mark.slow] if name == "char_transformer" else []) for name in CURVES
]


@pytest.mark.parametrize("name", WITH_SLOW)
def test_the_curve_is_that_of_before(name):
    # Other threads, or SSE in place of AVX, change the seventh digit; 1e-4 leaves room for other CPUs.
    curve = CURVES[name][-1]
    np.testing.assert_allclose(losses(run(name, 0, len(curve), **TEXT.get(name, {}))), curve, rtol=1e-4)


@pytest.mark.parametrize("name", WITH_SLOW)
def test_a_run_is_the_same_again_and_with_another_seed_another(name):
    first, again, other = (run(name, seed, 2, **SMALLER.get(name, {})) for seed in (0, 0, 1))

    assert [each.figures for each in first] == [each.figures for each in again]
    assert losses(other)[-1] != losses(again)[-1]
    assert losses(other)[-1] == pytest.approx(losses(again)[-1], rel=0.2)


@pytest.mark.parametrize("name", CURVES)
def test_names_shapes_and_gradients(name):
    config = GOALS[name]()
    task = built(config, 0)
    with tf.GradientTape() as tape:
        loss = task.loss(*task.batch(tf.constant(0, tf.int64), 4, 0))
    shapes = {each.name.partition(":")[0]: tuple(each.shape) for each in task.variables}

    assert list(shapes.items()) == list(config.shapes().items())
    assert loss.shape == ()
    assert all(each is not None for each in tape.gradient(loss, task.variables))


@pytest.mark.parametrize("name", CURVES)
def test_a_batch_is_a_function_of_seed_and_step(name):
    task = built(GOALS[name](), 0)
    traced = tf.function(lambda step: task.batch(step, 8, 3))
    batch = traced(tf.constant(5, tf.int64))

    assert {len(each) for each in batch} == {8}
    for mine, eager in zip(batch, task.batch(tf.constant(5, tf.int64), 8, 3), strict=True):
        np.testing.assert_array_equal(mine, eager)
    for others in (traced(tf.constant(6, tf.int64)), task.batch(tf.constant(5, tf.int64), 8, 4)):
        assert any(np.any(mine != its) for mine, its in zip(batch, others, strict=True))


@pytest.mark.parametrize("name", CURVES)
def test_the_loss_of_a_batch_is_the_mean_of_its_shares(name):
    task = built(GOALS[name](), 0)
    batch = task.batch(tf.constant(0, tf.int64), 8, 0)
    shares = [task.loss(*(each[part] for each in batch)) for part in (slice(4), slice(4, 8))]

    np.testing.assert_allclose(task.loss(*batch), np.mean(shares), rtol=1e-5)


@pytest.mark.parametrize("name", [name for name in CURVES if "split_seed" in GOALS[name].model_fields])
def test_another_split_holds_out_other_examples(name):
    config = GOALS[name]
    same, equal, other = (built(config(split_seed=seed), 0).evaluate() for seed in (0, 0, 1))

    assert same == equal
    assert same != other


@pytest.mark.parametrize("name", CURVES)
def test_what_diverges_is_evaluated(name):
    task = built(GOALS[name](), 0)
    for each in task.variables:
        each.assign(tf.fill(each.shape, math.nan))
    figures = task.evaluate()

    assert next(iter(figures)) == "loss"
    assert math.isnan(figures["loss"])
