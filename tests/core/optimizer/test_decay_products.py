"""Running products of decay rates that follow a schedule."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import BuildError

RISING = {"use": "linear", "initial_learning_rate": 0.5, "end_learning_rate": 0.9, "transition_steps": 6}


def adam(**fields):
    return optiplug.create("adam", learning_rate=0.1, beta_1=RISING, **fields)


def take(optimizer, variable, steps):
    for _ in range(steps):
        optimizer.apply_gradients([(tf.ones_like(variable), variable)])


def test_a_product_is_the_state_of_a_schedule_only():
    weight = tf.Variable(1.0, name="w")
    scheduled, constant = adam(), optiplug.create("adam")
    scheduled.build([weight])
    constant.build([weight])
    assert set(scheduled.state.states) - set(constant.state.states) == {"log_product_of_beta_1"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_holds_the_product_of_all_steps(dtype):
    weight, optimizer = tf.Variable(np.ones(2), dtype=dtype), adam()
    take(optimizer, weight, 4)
    betas = [0.5 + 0.4 * step / 6 for step in range(4)]
    logarithms = optimizer.state.states["log_product_of_beta_1"].numpy()
    np.testing.assert_allclose(np.exp(logarithms), np.prod(betas), rtol=1e-6)
    np.testing.assert_allclose(np.exp(logarithms[1]), np.prod(betas), rtol=1e-12)


def test_a_resumed_run_continues_the_product(tmp_path):
    whole, first, second = (tf.Variable([1.0, 2.0], name="w") for _ in range(3))
    expected, saved, resumed = adam(), adam(), adam()
    take(expected, whole, 6)
    take(saved, first, 3)
    path = tf.train.Checkpoint(model=first, optimizer=saved).write(str(tmp_path / "checkpoint"))
    resumed.build([second])
    tf.train.Checkpoint(model=second, optimizer=resumed).read(path).assert_consumed()
    take(resumed, second, 3)
    np.testing.assert_array_equal(second, whole)


def test_a_rate_of_zero_forgets_everything():
    weight = tf.Variable([1.0])
    optimizer = optiplug.create(
        "adam", learning_rate=0.5, beta_1=lambda step: tf.cast(step > 0, "float32") * 0.5
    )
    take(optimizer, weight, 3)
    np.testing.assert_allclose(weight, [-0.5], atol=1e-5)


def test_optimizers_inside_have_products_of_their_own():
    inner = {"use": "adam", "beta_2": RISING}
    optimizer = optiplug.create("partition", groups=[{"name": "all", "optimizer": inner}])
    take(optimizer, tf.Variable([1.0]), 2)
    logarithms = optimizer.state.states["all/log_product_of_beta_2"].numpy()
    np.testing.assert_allclose(np.exp(logarithms), 0.5 * (0.5 + 0.4 / 6), rtol=1e-6)


def constant(step):
    return 0.9 + 0.0 * tf.cast(step, "float32")


def test_a_schedule_of_no_field_is_refused():
    class Own(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(gradient / self.bias_correction(constant, variable))

    with pytest.raises(BuildError, match="must be a field of the config, of type BelowOneScalar"):
        Own("own").apply_gradients([(tf.constant([1.0]), tf.Variable([1.0]))])
