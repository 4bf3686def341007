"""An optimizer of Keras is continued by ours: the same numbers as if nothing had happened."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug

SHAPES = {"dense/kernel": (3, 2), "dense/bias": (2,), "kernel": (), "m/kernel": (2,)}
KERAS = {"tf_keras": tf_keras.optimizers, "keras 3": keras.optimizers}
ALGORITHMS = {
    "sgd": ("SGD", {"momentum": 0.9}),
    "sgd without momentum": ("SGD", {}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {"beta_1": 0.8}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "adamw": ("AdamW", {"weight_decay": 0.1}),
    "adamw with averages": ("AdamW", {"amsgrad": True, "use_ema": True, "ema_momentum": 0.7}),
    "sgd with averages": ("SGD", {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 6}),
}
STEPS, FIRST = 10, 5


def variables(kind):
    generator = np.random.default_rng(0)
    values = {name: generator.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}
    if kind == "keras 3":
        return [keras.Variable(value, name=name.replace("/", "_")) for name, value in values.items()]
    return [tf.Variable(value, name=name) for name, value in values.items()]


def gradients(step):
    generator = np.random.default_rng(step + 1)
    return [tf.constant(generator.normal(size=shape).astype("float32")) for shape in SHAPES.values()]


def train(optimizer, model, first, last):
    for step in range(first, last):
        optimizer.apply_gradients(zip(gradients(step), model, strict=True))
    return [np.asarray(each) for each in model]


def theirs_after(kind, algorithm, steps):
    name, hyperparameters = ALGORITHMS[algorithm]
    model = variables(kind)
    compiled = {"jit_compile": False} if kind == "tf_keras" else {}
    optimizer = getattr(KERAS[kind], name)(learning_rate=0.05, **hyperparameters, **compiled)
    train(optimizer, model, 0, steps)
    return optimizer, model


def ours_for(model, algorithm):
    name, hyperparameters = ALGORITHMS[algorithm]
    optimizer = optiplug.create(name.lower(), learning_rate=0.9, **hyperparameters)
    optimizer.build(model)
    return optimizer


@pytest.mark.sampled(5)
@pytest.mark.parametrize("kind", KERAS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_ours_goes_on_as_theirs_would(kind, algorithm):
    optimizer, model = theirs_after(kind, algorithm, FIRST)
    theirs, their_model = theirs_after(kind, algorithm, STEPS)
    ours = optiplug.convert(optimizer, ours_for(model, algorithm))

    assert int(ours.iterations) == FIRST
    assert float(ours.learning_rate) == np.float32(0.05)
    for our, their in zip(train(ours, model, FIRST, STEPS), map(np.asarray, their_model), strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-6, atol=1e-6)
    ours.finalize_variable_values(model)
    theirs.finalize_variable_values(their_model)
    for our, their in zip(model, their_model, strict=True):
        np.testing.assert_allclose(np.asarray(our), np.asarray(their), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KERAS)
def test_every_array_is_copied_bit_for_bit(kind):
    optimizer, model = theirs_after(kind, "adamw with averages", 3)
    ours = optiplug.convert(optimizer, ours_for(model, "adamw with averages"))
    theirs = sorted(each.numpy().tobytes() for each in optimizer.variables)
    theirs += [optimizer.learning_rate.numpy().tobytes()] if kind == "tf_keras" else []
    assert sorted(each.numpy().tobytes() for each in ours.variables) == sorted(theirs)


@pytest.mark.parametrize("kind", KERAS)
def test_the_order_in_which_ours_was_built_does_not_matter(kind):
    optimizer, model = theirs_after(kind, "adam", 2)
    forwards, backwards = ours_for(model, "adam"), ours_for(model[::-1], "adam")
    optiplug.convert(optimizer, forwards)
    optiplug.convert(optimizer, backwards)
    for name, state in forwards.state.states.items():
        np.testing.assert_array_equal(state, backwards.state.states[name])


def test_variables_of_one_name_are_told_apart_by_their_order():
    model = [tf.Variable([1.0, 2.0], name="w"), tf.Variable([3.0, 4.0], name="w")]
    theirs = tf_keras.optimizers.SGD(0.1, momentum=0.9, jit_compile=False)
    theirs.apply_gradients([(tf.ones(2) * (place + 1), each) for place, each in enumerate(model)])
    ours = optiplug.create("sgd", momentum=0.9)
    ours.build(model)
    optiplug.convert(theirs, ours)
    np.testing.assert_allclose(ours.momentum[model[0]], [-0.1, -0.1])
    np.testing.assert_allclose(ours.momentum[model[1]], [-0.2, -0.2])


def test_a_schedule_is_no_state():
    model = [tf.Variable(1.0)]
    schedule = tf_keras.optimizers.schedules.ExponentialDecay(0.5, 2, 0.9)
    theirs = tf_keras.optimizers.Adam(schedule, jit_compile=False)
    theirs.apply_gradients([(tf.constant(1.0), model[0])])
    decay = {"use": "exponential", "initial_learning_rate": 0.5, "decay_steps": 2, "decay_rate": 0.9}
    ours, other = optiplug.create("adam", learning_rate=decay), optiplug.create("adam")
    ours.build(model)
    other.build(model)
    assert optiplug.convert(theirs, ours) is ours
    assert int(ours.iterations) == 1
    with pytest.raises(optiplug.StateError, match=r"learning_rate\s+-\s+float32"):
        optiplug.convert(theirs, other)


def test_double_precision_keeps_every_bit_of_their_rate():
    model = [tf.Variable(1.0, dtype="float64")]
    theirs = tf_keras.optimizers.SGD(0.1, momentum=0.9, jit_compile=False)
    theirs.apply_gradients([(tf.constant(1.0, "float64"), model[0])])
    ours = optiplug.create("sgd", momentum=0.9)
    ours.build(model)
    optiplug.convert(theirs, ours)
    assert ours.learning_rate.dtype == tf.float64
    assert float(ours.learning_rate) == float(np.float32(0.1))


@pytest.mark.parametrize(
    ("theirs", "ours", "row"),
    [
        ("amsgrad", "adam", r"vhat/dense/kernel\s+float32 \(3, 2\)\s+-"),
        ("adam", "amsgrad", r"second_moment_max/dense/kernel\s+-\s+float32 \(3, 2\)"),
        ("adamw", "adamw with averages", r"ema/average/kernel\s+-\s+float32 \(\)"),
        ("sgd", "adam", r"second_moment/kernel\s+-\s+float32 \(\)"),
        ("adam", "sgd", r"v/kernel\s+float32 \(\)\s+-"),
    ],
)
def test_what_has_no_counterpart_is_told_and_nothing_is_changed(theirs, ours, row):
    optimizer, model = theirs_after("tf_keras", theirs, 2)
    target = ours_for(model, ours)
    before = [each.numpy() for each in target.variables]
    with pytest.raises(optiplug.StateError, match=row):
        optiplug.convert(optimizer, target)
    for value, each in zip(before, target.variables, strict=True):
        np.testing.assert_array_equal(value, each)


def test_another_model_is_refused():
    optimizer, _ = theirs_after("tf_keras", "sgd", 2)
    ours = optiplug.create("sgd", momentum=0.9)
    ours.build([tf.Variable(1.0, name="other")])
    with pytest.raises(optiplug.StateError, match=r"momentum/other\s+-\s+float32 \(\)"):
        optiplug.convert(optimizer, ours)


def test_before_the_first_step_there_is_nothing_to_convert():
    optimizer, model = theirs_after("keras 3", "adam", 0)
    with pytest.raises(optiplug.StateError, match="has taken no step"):
        optiplug.convert(optimizer, ours_for(model, "adam"))


def test_state_of_a_later_version_of_ours():
    """What convert carries over is of the version that ours has now."""
    base = optiplug.registry.get("optimizers", "sgd")

    class LaterConfig(base):
        """SGD, changed."""

        state_version = 3

    class Later(base.load_implementation()):
        Config = LaterConfig

    optimizer, model = theirs_after("tf_keras", "sgd", 2)
    ours = Later(momentum=0.9)
    ours.build(model)
    optiplug.convert(optimizer, ours)
    assert int(ours.iterations) == 2
