"""Callbacks of Keras read and set learning rates: of groups one factor for all, of schedules none."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
import optiplug_keras  # noqa: F401  # lets `compile` take configs

SCHEDULE = {"use": "exponential", "initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5}


def groups(*rates):
    selections = [{"only": ["*kernel*"]}, {}]
    return {
        "use": "partition",
        "groups": [
            {"name": f"group_{n}", "optimizer": {"use": "sgd", "learning_rate": rate}, **selections[n]}
            for n, rate in enumerate(rates)
        ],
    }


def compiled(flavour, config, *first):
    """Return a model; without a first layer Keras builds it and its optimizer in the first step."""
    model = flavour.Sequential([*first, flavour.layers.Dense(1)])
    model.compile(optimizer=config, loss="mse", jit_compile=False)
    return model


def fit(model, epochs, *callbacks):
    data = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)
    return model.fit(*data, batch_size=2, epochs=epochs, verbose=0, callbacks=list(callbacks)).history


def rates(model):
    return [float(each.learning_rate) for each in model.optimizer.optimizer.nested.values()]


@pytest.mark.sampled(5)
@pytest.mark.parametrize("with_input", [True, False])
@pytest.mark.parametrize("given", [(0.1, 0.1), (0.1, 0.4)])
def test_rates_of_groups_follow_callbacks(flavour, given, with_input):
    model = compiled(flavour, groups(*given), *([flavour.layers.Input((2,))] if with_input else []))
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)
    halve = flavour.callbacks.LearningRateScheduler(lambda _, rate: 0.5 * rate)
    # Nothing improves by 100, so this one reduces after every epoch but the first.
    plateau = flavour.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=100)

    history = fit(model, 3, halve, plateau)

    factor = 0.5**3 * 0.1**2
    assert rates(model) == pytest.approx([factor * each for each in given])
    assert float(model.optimizer.learning_rate) == pytest.approx(factor * 0.1)
    told = history.get("learning_rate") or history["lr"]
    assert list(map(float, told)) == pytest.approx([0.05, 0.025, 0.00125])


@pytest.mark.sampled(2)
def test_groups_train_at_the_rates_that_were_set(flavour):
    weights = []
    for given, factor in (((0.1, 0.4), 0.5), ((0.05, 0.2), 1.0)):
        flavour.utils.set_random_seed(1)
        model = compiled(flavour, groups(*given), flavour.layers.Input((2,)))
        fit(model, 1, flavour.callbacks.LearningRateScheduler(lambda _, rate, factor=factor: factor * rate))
        weights.append([each.numpy() for each in model.trainable_variables])
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_proportions_outlive_a_rate_of_0(flavour):
    model = compiled(flavour, groups(0.1, 0.4), flavour.layers.Input((2,)))
    fit(model, 2, flavour.callbacks.LearningRateScheduler(lambda epoch: 0.2 if epoch else 0.0))
    assert rates(model) == pytest.approx([0.2, 0.8])


def test_rates_that_begin_at_0_have_no_proportions(flavour):
    model = compiled(flavour, groups(0.0, 0.4), flavour.layers.Input((2,)))
    fit(model, 1)
    with pytest.raises(optiplug.ConfigError, match="cannot begin at 0"):
        fit(model, 1, flavour.callbacks.LearningRateScheduler(lambda _: 0.1))


@pytest.mark.sampled(2)
def test_the_optimizer_of_all_else_follows(flavour):
    model = compiled(flavour, "optiplug:muon", flavour.layers.Input((2,)))
    fit(model, 2, flavour.callbacks.LearningRateScheduler(lambda _, rate: 0.5 * rate))
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02 / 4)
    assert rates(model) == pytest.approx([3e-4 / 4])


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "config",
    [
        {"use": "sgd", "learning_rate": SCHEDULE},
        groups(0.1, SCHEDULE),
        groups(SCHEDULE, 0.1),
    ],
    ids=["alone", "second", "first"],
)
@pytest.mark.parametrize("callback", ["LearningRateScheduler", "ReduceLROnPlateau"])
def test_a_schedule_cannot_be_set(flavour, config, callback):
    model = compiled(flavour, config, flavour.layers.Input((2,)))
    given = {
        "LearningRateScheduler": {"schedule": lambda _, rate: 0.5 * rate},
        "ReduceLROnPlateau": {"monitor": "loss", "patience": 1, "min_delta": 100},
    }
    with pytest.raises(optiplug.ConfigError, match=r"follows a schedule.* cannot be set"):
        fit(model, 3, getattr(flavour.callbacks, callback)(**given[callback]))
    assert float(model.optimizer.learning_rate) > 0


def test_a_function_cannot_be_set(flavour):
    rate = tf.Variable(0.5)
    model = compiled(flavour, optiplug.create("sgd", learning_rate=lambda: rate), flavour.layers.Input((2,)))
    with pytest.raises(optiplug.ConfigError, match="follows a schedule"):
        fit(model, 1, flavour.callbacks.LearningRateScheduler(lambda _: 0.1))


def test_an_optimizer_without_a_rate_says_so(flavour):
    class Fixed(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(0.1 * gradient)

    model = compiled(flavour, Fixed("fixed", jit_compile=False), flavour.layers.Input((2,)))
    fit(model, 1)
    with pytest.raises(optiplug.ConfigError, match="has no learning rate"):
        fit(model, 1, flavour.callbacks.LearningRateScheduler(lambda _: 0.1))


def test_tf_keras_assigns_to_what_it_has_read():
    model = compiled(tf_keras, groups(0.1, 0.4), tf_keras.layers.Input((2,)))
    fit(model, 1)
    tf_keras.backend.set_value(model.optimizer.lr, 0.05)
    assert rates(model) == pytest.approx([0.05, 0.2])


def test_a_rate_that_waits_is_not_saved(flavour):
    model = compiled(flavour, groups(0.1, 0.4), flavour.layers.Input((2,)))
    model.optimizer.learning_rate = 0.05
    with pytest.raises(optiplug.ConfigError, match="no optimizers inside yet"):
        model.optimizer.get_config()
    model.optimizer.build(model.trainable_variables)
    given = [each["optimizer"]["learning_rate"] for each in model.optimizer.get_config()["groups"]]
    assert given == pytest.approx([0.05, 0.2])


def test_tensorboard_reads_a_schedule(flavour, tmp_path):
    model = compiled(flavour, {"use": "sgd", "learning_rate": SCHEDULE}, flavour.layers.Input((2,)))
    fit(model, 2)
    board = flavour.callbacks.TensorBoard(str(tmp_path))
    board.set_model(model)
    logs = board._collect_learning_rate({})  # what it writes, if the distribution `tensorboard` is there
    assert float(logs["learning_rate"]) == pytest.approx(0.1 * 0.5)
