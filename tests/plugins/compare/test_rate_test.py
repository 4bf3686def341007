"""The learning-rate range test: where it ends, and what it suggests."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf

import optiplug_compare
from optiplug import ConfigError, Optimizer, OptimizerConfig, TaskConfig
from optiplug_compare.rate_test import find_rate
from optiplug_lab import TrainConfig


class Bowl:
    """A quadratic loss, whose best rates for gradient descent are near 1 / curvature, with noise in it."""

    def __init__(self, config):
        self.config = config

    def build(self, seed):
        start = tf.random.stateless_normal([20], [0, seed])
        self.variables = [tf.Variable(start, name="first"), tf.Variable(start, name="second")]

    def batch(self, step, batch_size, seed):
        return (tf.random.stateless_normal([batch_size], [step, seed]),)

    def loss(self, batch):
        curvatures = tf.constant(np.geomspace(0.01, 1, 20) * self.config.curvature, tf.float32)
        noise = self.config.noise * tf.reduce_mean(batch[0])
        slope = tf.reduce_sum([tf.reduce_sum(curvatures * each**2) for each in self.variables]) / 2
        return slope * self.config.slope + noise - self.config.below

    def evaluate(self):
        return {"loss": 0.0}


class BowlConfig(TaskConfig):
    """A quadratic loss."""

    implementation = Bowl

    curvature: float = 1.0
    noise: float = 0.0
    slope: float = 1.0
    below: float = 0.0


class Fixed(Optimizer):
    """Steps of one length."""

    def update_step(self, gradient, variable):
        variable.assign_sub(0.1 * gradient)


class FixedConfig(OptimizerConfig):
    """Steps of one length."""

    implementation = Fixed


def run(optimizer, **task):
    return TrainConfig(task=BowlConfig(**task), optimizer=optimizer, steps=1, batch_size=8)


@pytest.mark.parametrize("curvature", [1.0, 1e4])
def test_it_suggests_rates_near_that_of_the_curvature(curvature):
    test = find_rate(run("sgd", curvature=curvature))

    assert 0.1 < test.valley * curvature < 2
    assert 0.1 < test.steepest * curvature < 2


def test_rates_grow_and_losses_are_those_of_the_run():
    test = find_rate(run("sgd"), lowest=1e-3, highest=0.1, steps=21)

    assert test.ended == "tried"
    np.testing.assert_allclose(test.rates, np.geomspace(1e-3, 0.1, 21), rtol=1e-6)
    task = Bowl(BowlConfig())
    task.build(0)
    for rate, loss in zip(np.geomspace(1e-3, 0.1, 21), test.losses, strict=True):
        with tf.GradientTape() as tape:
            now = task.loss((tf.zeros([1]),))
        assert loss == pytest.approx(float(now), rel=1e-4)
        for variable, gradient in zip(task.variables, tape.gradient(now, task.variables), strict=True):
            variable.assign_sub(rate * gradient)


def test_it_ends_where_the_loss_has_risen():
    test = find_rate(run("sgd", curvature=100.0))

    assert test.ended == "risen"
    assert len(test.rates) == len(test.losses) == len(test.smoothed) < 100
    assert test.smoothed[-1] > 4 * min(test.smoothed)
    assert test.smoothed[-2] <= 4 * min(test.smoothed[:-1])


def test_a_loss_below_zero_may_rise_and_end_it():
    test = find_rate(run("sgd", curvature=100.0, below=1000.0))

    assert test.ended == "risen"
    assert min(test.smoothed) < 0
    assert 0.1 < test.valley * 100 < 2


def test_a_loss_that_is_no_number_ends_it():
    test = find_rate(run("sgd"), lowest=1e21, highest=1e30, steps=20)

    assert test.ended == "not finite"
    assert len(test.losses) == 1
    assert (test.valley, test.steepest) == (None, None)
    json.dumps(test.as_json(), allow_nan=False)


def test_noise_alone_suggests_nothing():
    test = find_rate(run("sgd", slope=1e-9, noise=1.0))

    assert (test.valley, test.steepest) == (None, None)


def test_noise_does_not_hide_the_fall():
    test = find_rate(run("sgd", noise=2.0))

    assert 0.03 < test.valley < 2


def test_optimizers_inside_of_another_keep_their_ratio():
    groups = [
        {"name": "one", "only": ["first"], "optimizer": {"use": "sgd", "learning_rate": 0.2}},
        {"name": "rest", "optimizer": {"use": "sgd", "learning_rate": 0.2}},
    ]
    apart = find_rate(run({"use": "partition", "groups": groups}), steps=30)
    together = find_rate(run("sgd"), steps=30)

    assert apart.scaled == "optimizer.groups[0].optimizer"
    assert apart.others == ("optimizer.groups[1].optimizer",)
    assert together.others == ()
    np.testing.assert_allclose(apart.losses, together.losses, rtol=1e-3)
    groups[1]["optimizer"]["learning_rate"] = 0.4
    assert find_rate(run({"use": "partition", "groups": groups}), steps=30).losses[-1] != apart.losses[-1]


def test_a_schedule_of_the_run_gives_way():
    schedule = {"use": "constant", "value": 0.0}

    assert find_rate(run({"use": "sgd", "learning_rate": schedule})).losses == find_rate(run("sgd")).losses


@pytest.mark.parametrize(
    ("optimizer", "options", "message"),
    [
        (FixedConfig(), {}, "optimizer: has no learning rate that could be varied"),
        (
            "sgd",
            {"lowest": 1.0, "highest": 0.1},
            "lowest: must be a number > 0 and less than the highest rate",
        ),
        ("sgd", {"lowest": 0.0}, "lowest: must be a number > 0"),
        ("sgd", {"steps": 3}, "steps: must be 10 or more"),
        (
            {
                "use": "sam",
                "optimizer": {"use": "sgd", "learning_rate": {"use": "constant", "value": 0.1}},
            },
            {},
            "optimizer.optimizer.learning_rate: must be a number > 0, as other rates keep",
        ),
    ],
)
def test_what_cannot_be_tested_is_refused(optimizer, options, message):
    with pytest.raises(ConfigError) as caught:
        find_rate(run(optimizer), **options)

    assert str(caught.value).startswith(message)


def test_several_workers_are_refused():
    config = run("sgd").model_copy(update={"strategy": "multi_worker"})
    with pytest.raises(ConfigError, match="strategy: must be that of one process"):
        find_rate(config)


def test_it_is_offered_by_the_package():
    assert optiplug_compare.find_rate is find_rate


@pytest.mark.slow
@pytest.mark.parametrize(("use", "best"), [("sgd", 0.15), ("adamw", 0.003), ("lion", 0.002), ("muon", 0.02)])
def test_digits_has_rates_of_the_right_order(use, best):
    test = find_rate(TrainConfig(task={"use": "digits"}, optimizer={"use": use}, steps=1))

    # The best of a sweep in factors of three, over 200 steps each: docs/finding-a-rate.md.
    assert best / 15 < test.valley < best * 3
    assert test.valley < test.steepest < best * 15
