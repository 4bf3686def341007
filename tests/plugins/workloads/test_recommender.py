from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from optiplug_lab.tasks import built
from optiplug_workloads.clicks import Clicks
from optiplug_workloads.task_configs import RecommenderConfig


@pytest.fixture(scope="module")
def task():
    return built(RecommenderConfig(), 0)


def test_users_and_items_are_drawn_by_a_power_law():
    clicks = Clicks(users=50, items=20, exponent=1.0, seed=0)
    events = clicks.draw(tf.constant(0, tf.int64), 200_000, 0)

    for drawn, count in zip(events[:2], (50, 20), strict=True):
        shares = 1 / np.arange(1, count + 1)
        seen = np.bincount(drawn, minlength=count) / 200_000
        np.testing.assert_allclose(seen, shares / shares.sum(), atol=0.004)
    likely = tf.sigmoid(clicks.logits(*events[:2]))
    assert np.mean(events[2]) == pytest.approx(np.mean(likely), abs=0.005)


def test_an_exponent_of_zero_draws_all_alike():
    users, *_ = Clicks(10, 10, 0.0, 0).draw(tf.constant(0, tf.int64), 100_000, 0)

    np.testing.assert_allclose(np.bincount(users) / 100_000, 0.1, atol=0.005)


def test_the_target_is_above_what_the_hidden_model_reaches(task):
    users, items, clicks = task.held_out
    logits = task.clicks.logits(users, items)
    least = np.mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=clicks, logits=logits))

    assert 0.8 * task.config.goal.target < least < task.config.goal.target


def test_gradients_of_tables_are_the_rows_of_the_batch(task):
    users, items, clicks = task.batch(tf.constant(0, tf.int64), 16, 0)
    with tf.GradientTape() as tape:
        loss = task.loss(users, items, clicks)
    gradients = tape.gradient(loss, task.variables[:3])

    for gradient, rows in zip(gradients, (users, items, items), strict=True):
        np.testing.assert_array_equal(gradient.indices, rows)


def test_held_out_events_are_none_of_a_run(task):
    mine = task.clicks.draw(tf.constant(0, tf.int64), 4096, task.config.split_seed)

    assert any(np.any(one != other) for one, other in zip(mine, task.held_out, strict=True))
