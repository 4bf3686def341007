"""`fit` with our optimizers gives what it gives with those of Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tf_keras

import optiplug
from optiplug_keras import wrap
from support.keras_models import compiled, fit

MOMENTUM = {"learning_rate": 0.1, "momentum": 0.9}
NESTEROV = {**MOMENTUM, "nesterov": True, "weight_decay": 1e-2}


@pytest.fixture(scope="module")
def expected(flavour):
    """The losses of Keras' own SGD."""
    return fit(compiled(flavour, flavour.optimizers.SGD(**NESTEROV)), epochs=3)


@pytest.mark.sampled(10)
@pytest.mark.parametrize(
    "keywords",
    [{}, {"jit_compile": False}, {"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 4}],
    ids=str,
)
def test_losses_are_those_of_keras(flavour, expected, keywords):
    losses = fit(compiled(flavour, wrap("sgd", **NESTEROV, keras=flavour), **keywords), epochs=3)

    assert expected[-1] < 0.7 * expected[0]
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-5)


@pytest.mark.sampled(2)
def test_step_is_compiled_by_itself(flavour):
    model = compiled(flavour, wrap("adam", learning_rate=1e-3, keras=flavour), jit_compile=False)
    fit(model, epochs=2)

    assert model.optimizer.optimizer.config.jit_compile
    assert model.optimizer.optimizer.trace_count == 1
    assert int(model.optimizer.iterations) == 8


@pytest.mark.slow
def test_averages_are_in_the_model_after_the_last_epoch(flavour):
    plain = compiled(flavour, wrap("sgd", **MOMENTUM, keras=flavour))
    averaged = compiled(flavour, wrap("sgd", **MOMENTUM, use_ema=True, ema_momentum=0.9, keras=flavour))

    assert fit(plain) == pytest.approx(fit(averaged), abs=1e-6)
    states = averaged.optimizer.optimizer.state.states
    averages = [state.numpy() for name, state in states.items() if name.startswith("ema/average/")]
    assert len(averages) == len(averaged.trainable_variables)
    for variable, average, trained in zip(
        averaged.trainable_variables, averages, plain.trainable_variables, strict=True
    ):
        np.testing.assert_array_equal(variable.numpy(), average)
        assert not np.allclose(variable.numpy(), trained.numpy(), atol=1e-4)


@pytest.mark.sampled(2)
def test_rate_follows_callbacks(flavour):
    def callbacks():
        halve = flavour.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 * rate if epoch else rate)
        # Nothing improves by 100, so this one reduces after every epoch but the first.
        return [halve, flavour.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=100)]

    theirs = compiled(flavour, flavour.optimizers.SGD(0.1))
    ours = compiled(flavour, wrap("sgd", learning_rate=0.1, keras=flavour))
    expected = fit(theirs, epochs=3, callbacks=callbacks())

    np.testing.assert_allclose(fit(ours, epochs=3, callbacks=callbacks()), expected, rtol=0, atol=1e-5)
    assert float(theirs.optimizer.learning_rate.numpy()) == pytest.approx(0.1 * 0.05 * 0.05)
    assert float(ours.optimizer.learning_rate.numpy()) == pytest.approx(0.1 * 0.05 * 0.05)
    assert ours.optimizer.get_config()["learning_rate"] == pytest.approx(0.1 * 0.05 * 0.05)


@pytest.mark.slow
def test_schedule(flavour):
    theirs = flavour.optimizers.schedules.ExponentialDecay(0.1, decay_steps=4, decay_rate=0.5)
    expected = fit(compiled(flavour, flavour.optimizers.SGD(theirs)), epochs=2)
    rate = {"use": "exponential", "initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5}
    model = compiled(flavour, wrap("sgd", learning_rate=rate, keras=flavour))

    np.testing.assert_allclose(fit(model, epochs=2), expected, rtol=0, atol=1e-5)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1 * 0.25)
    with pytest.raises(optiplug.ConfigError, match=r"follows a schedule.* cannot be set"):
        model.optimizer.learning_rate = 0.1
    model.optimizer.optimizer.learning_rate = (
        0.0  # a number in its place, in a function that Keras makes anew
    )
    before = model.trainable_variables[-1].numpy()
    fit(model)
    np.testing.assert_array_equal(model.trainable_variables[-1].numpy(), before)


class Nothing:
    @optiplug.hookimpl
    def clip(self, gradients):
        return [0 * gradient for gradient in gradients]


@pytest.mark.sampled(2)
def test_hooks_that_change_between_two_fits(flavour):
    model = compiled(flavour, wrap("sgd", learning_rate=0.05, jit_compile=False, keras=flavour))
    optimizer, stops = model.optimizer.optimizer, Nothing()
    fit(model)
    moved = model.trainable_variables[-1].numpy()
    optimizer.add_processor(stops)
    fit(model)
    np.testing.assert_array_equal(model.trainable_variables[-1].numpy(), moved)
    optimizer.remove_processor(stops)
    fit(model)
    assert not np.array_equal(model.trainable_variables[-1].numpy(), moved)
    assert optimizer.explain().notes == ()


@pytest.mark.slow
def test_hooks_that_change_within_a_fit(flavour):
    model = compiled(flavour, wrap("sgd", learning_rate=0.05, jit_compile=False, keras=flavour))
    optimizer, seen = model.optimizer.optimizer, []

    class Stop(flavour.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(model.trainable_variables[-1].numpy())
            if batch == 1:
                optimizer.add_processor(Nothing())

    fit(model, callbacks=[Stop()])
    assert not np.array_equal(seen[0], seen[1])
    for later in seen[2:]:
        np.testing.assert_array_equal(later, seen[1])


def test_excluded_variables_do_not_decay(flavour):
    optimizer = wrap("sgd", learning_rate=0.1, weight_decay=0.5, keras=flavour)
    model = compiled(flavour, optimizer, run_eagerly=True)
    kept, by_name = model.trainable_variables[0], model.trainable_variables[-1]
    optimizer.exclude_from_weight_decay(var_list=[kept], var_names=["bias"])
    before = [variable.numpy() for variable in model.trainable_variables]
    zeros = [np.zeros(variable.shape, np.float32) for variable in model.trainable_variables]

    optimizer.apply_gradients(
        [
            (flavour.backend.constant(g) if flavour is tf_keras else keras.ops.array(g), v)
            for g, v in zip(zeros, model.trainable_variables, strict=True)
        ]
    )

    np.testing.assert_array_equal(kept.numpy(), before[0])
    np.testing.assert_array_equal(by_name.numpy(), before[-1])
    np.testing.assert_allclose(model.trainable_variables[1].numpy(), 0.95 * before[1], rtol=1e-6)


@pytest.mark.slow
def test_summary_counts_the_state():
    model = compiled(keras, wrap("adam", learning_rate=0.1))
    fit(model)
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(line))

    state = sum(int(np.prod(variable.shape)) for variable in model.optimizer.variables)
    assert state > 2 * sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
    assert f"Optimizer params: {state:,}" in "\n".join(lines)


@pytest.mark.slow
def test_state_has_a_place_in_the_tree_of_keras():
    model = compiled(keras, wrap("sgd", **MOMENTUM))
    fit(model)
    tree = model.get_state_tree(value_format="numpy_array")["optimizer_variables"]
    fit(model)
    model.set_state_tree({"optimizer_variables": tree})

    assert set(tree) == {"iterations", "learning_rate", "momentum"}
    assert int(model.optimizer.iterations) == 4


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("name", "keywords"),
    [
        ("sgd", {"use_ema": True, "ema_momentum": 0.5}),
        ("sgd", {"processors": ["lookahead"]}),
        ("schedule_free_adamw", {}),
        ("prodigy", {}),
    ],
)
def test_model_without_an_input_is_as_one_with_it(name, keywords):
    """Such a model is made in the function that trains it, where its weights have no values yet."""
    inputs, outputs = np.ones([8, 5], np.float32), np.ones([8, 3], np.float32)

    def state(first):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([*first, keras.layers.Dense(3)])
        model.compile(optimizer=wrap(name, **keywords, jit_compile=False), loss="mse", jit_compile=False)
        model.fit(inputs, outputs, epochs=2, batch_size=4, verbose=0)
        return [*model.get_weights(), *(each.numpy() for each in model.optimizer.variables)]

    for with_input, without in zip(state([keras.Input((5,))]), state([]), strict=True):
        np.testing.assert_allclose(without, with_input, rtol=1e-6, atol=1e-7)
