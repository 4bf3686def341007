"""Each argument of the constructor; the docstrings make docs/keras-2-15.md."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug_sgd.sgd import SGD
from support.single_steps import rows, stepped


def test_name(sgd):
    """Names the optimizer.

    Differs: the name is no part of the names of state, which are those of slots and variables; it is by
    default the registered name or that of the class.
    """
    assert sgd(name="first").name == "first"
    assert sgd(name="first").get_config()["name"] == "first"
    assert SGD().name == "sgd"


@pytest.mark.parametrize(("decay", "value"), [(None, 2.0), (0, 2.0), (0.25, 1.75)])
def test_weight_decay(sgd, decay, value):
    """Takes ``variable * weight_decay * learning_rate`` from each variable before the update.

    0 and None mean none.
    """
    assert stepped(sgd(0.5, weight_decay=decay), 0.0) == value


def test_clipnorm(sgd):
    """Scales each gradient by itself so that its norm is at most this.

    Differs: rows of a sparse gradient that come twice are summed first, so the bound holds for what is
    applied; complex gradients are measured by modulus; it goes with no other clip.
    """
    optimizer, variables = sgd(1.0, clipnorm=1.0), [tf.Variable([0.0, 0.0]), tf.Variable(0.0)]
    optimizer.apply_gradients(zip([tf.constant([3.0, 4.0]), tf.constant(0.5)], variables, strict=True))
    np.testing.assert_allclose(variables[0], [-0.6, -0.8], rtol=1e-6)
    assert variables[1] == -0.5


TWICE = {"clipnorm": ([[3.0], [4.0]], 1.4), "clipvalue": ([[0.75], [0.75]], 1.5)}
TWICE["global_clipnorm"] = TWICE["clipnorm"]


@pytest.mark.parametrize("clip", TWICE)
def test_a_clip_of_rows_that_come_twice(clip):
    """tf_keras clips the parts of a sum, and so lets pass more than the bound."""
    values, applied = TWICE[clip]
    gradient, start = rows(values, [0, 0], [1, 1]), [[0.0]]
    np.testing.assert_allclose(stepped(SGD(1.0, **{clip: 1.0}), gradient, start=start), [[-1.0]], rtol=1e-6)
    theirs = stepped(tf_keras.optimizers.SGD(1.0, **{clip: 1.0}), gradient, start=start)
    np.testing.assert_allclose(theirs, [[-applied]], rtol=1e-6)


def test_clipvalue(sgd):
    """Holds each element of each gradient within plus and minus this.

    Differs: rows of a sparse gradient that come twice are summed first; a complex gradient is an error that
    says so; it goes with no other clip.
    """
    variable = stepped(sgd(1.0, clipvalue=1.0), [-3.0, 0.5, 3.0], start=[0.0, 0.0, 0.0])
    np.testing.assert_array_equal(variable, [1.0, -0.5, -1.0])


def test_a_complex_gradient_cannot_be_clipped_by_value():
    with pytest.raises(optiplug.GradientsError, match=r"clip_by_value: only real variables.*complex64"):
        stepped(SGD(clipvalue=1.0), [1 + 1j], start=tf.constant([1 + 1j], tf.complex64))


def test_global_clipnorm(sgd):
    """Scales all gradients alike so that their common norm is at most this.

    Differs: rows of a sparse gradient that come twice are summed first; the norm is never computed in half
    precision, and gradients of different dtypes have one too; it goes with no other clip.
    """
    optimizer, variables = sgd(1.0, global_clipnorm=1.0), [tf.Variable(0.0), tf.Variable([0.0])]
    for gradients, expected in (([3.0, [4.0]], [-0.6, -0.8]), ([0.25, [0.25]], [-0.85, -1.05])):
        optimizer.apply_gradients(zip(map(tf.constant, gradients), variables, strict=True))
        np.testing.assert_allclose([float(variables[0]), float(variables[1][0])], expected, rtol=1e-6)


def test_two_clips_are_refused(sgd):
    with pytest.raises(ValueError, match="clipnorm"):
        sgd(clipnorm=1.0, global_clipnorm=1.0)
    for other in ("clipnorm", "global_clipnorm"):  # tf_keras lets one of the two be without effect
        with pytest.raises(optiplug.ConfigError, match=r"cannot be combined.*under `processors`"):
            SGD(clipvalue=1.0, **{other: 1.0})


def test_use_ema(sgd):
    """Keeps an average of the variables, which start as its value, and leaves them alone in between.

    Differs: the average of every variable moves with every step, also where a variable has no gradient; it is
    taken after constraints, so it keeps them.
    """
    optimizer = sgd(1.0, use_ema=True, ema_momentum=0.5)
    variable = stepped(optimizer, 1.0, 1.0)
    assert variable == 0.0
    optimizer.finalize_variable_values([variable])
    assert variable == 0.5 * (0.5 * 2.0 + 0.5 * 1.0)


def test_an_average_moves_where_there_is_no_gradient():
    finals = []
    for optimizer in (each(1.0, use_ema=True, ema_momentum=0.5) for each in (SGD, tf_keras.optimizers.SGD)):
        variables = [tf.Variable(2.0), tf.Variable(2.0)]
        for _ in range(2):
            optimizer.apply_gradients([(tf.constant(1.0), each) for each in variables])
            optimizer.apply_gradients([(tf.constant(1.0), variables[0])])
        optimizer.finalize_variable_values(variables)
        finals.append(float(variables[1]))
    assert finals == [0.3125, 0.75]  # 1.5, 1.25, 0.625, 0.3125; tf_keras: 1.5, 0.75


def test_ema_momentum(sgd):
    """The weight of the old average in the new one, in [0, 1]: 1 keeps the first value, 0 the newest."""
    for momentum, average in ((0.0, 0.0), (0.75, 1.3125), (1.0, 2.0)):
        optimizer = sgd(1.0, use_ema=True, ema_momentum=momentum)
        variable = stepped(optimizer, 1.0, 1.0)
        optimizer.finalize_variable_values([variable])
        assert variable == average
    for momentum in (-0.1, 1.1):
        with pytest.raises(ValueError, match="ema_momentum"):
            sgd(use_ema=True, ema_momentum=momentum)


def test_ema_overwrite_frequency(sgd):
    """Every so many steps the variables become their averages; None: not before training ends.

    Differs: steps that a gate leaves out, or that only accumulate, are not counted; 0 is refused, where
    tf_keras takes it for None.
    """
    keywords = {"learning_rate": 1.0, "use_ema": True, "ema_momentum": 0.5}
    assert stepped(sgd(**keywords, ema_overwrite_frequency=3), 1.0, 1.0, 1.0) == -0.125
    assert stepped(sgd(**keywords), 1.0, 1.0, 1.0) == -1.0
    with pytest.raises(ValueError, match="ema_overwrite_frequency"):
        sgd(use_ema=True, ema_overwrite_frequency=-1)


def test_only_steps_that_happen_are_counted():
    optimizer = SGD(
        1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3, processors=["skip_non_finite"]
    )
    assert stepped(optimizer, 1.0, np.nan, 1.0, np.nan) == 0.0
    assert stepped(optimizer, 1.0) != 0.0


@pytest.mark.parametrize(("jit_compile", "compiles"), [(True, True), (False, False), ("auto", False)])
def test_jit_compile(jit_compile, compiles):
    """Compiles the step with XLA.

    Differs: True compiles it on the CPU too, which gains most; "auto" does as tf_keras, which takes the flag
    to be off where there is no GPU.
    """

    class Foreign:
        @optiplug.hookimpl
        def clip(self, gradients):
            return [
                tf.ensure_shape(tf.numpy_function(np.negative, [each], each.dtype), each.shape)
                for each in gradients
            ]

    optimizer = SGD(1.0, jit_compile=jit_compile, processors=[Foreign()])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert stepped(optimizer, 1.0) == 3.0
    assert any("XLA cannot compile this step" in str(each.message) for each in caught) == compiles
    assert not tf_keras.optimizers.SGD(jit_compile=True).jit_compile
    assert stepped(SGD(1.0, jit_compile=jit_compile), 1.0) == 1.0


def test_kwargs(sgd):
    """Names of older versions.

    Differs: `lr` is the learning rate, with a warning (tf_keras goes on with its default rate); what is
    refused is refused together, each with what to write instead, and always as a ValueError.
    """
    with pytest.raises(ValueError, match="decay"):
        sgd(decay=0.1)
    with pytest.raises((ValueError, TypeError), match="learning_rat"):
        sgd(learning_rat=0.1)
    assert float(sgd(is_legacy_optimizer=False).learning_rate) == pytest.approx(0.01)
    with pytest.warns(FutureWarning, match="write `learning_rate`"):
        assert SGD(lr=0.5).config.learning_rate == 0.5
    assert float(tf_keras.optimizers.SGD(lr=0.5).learning_rate) == pytest.approx(0.01)


def test_all_that_is_refused_is_named_with_its_replacement():
    with pytest.raises(optiplug.ConfigError) as caught:
        SGD(decay=0.1, gradient_transformers=[], gradient_aggregator=None, clipnrm=1.0)
    said = str(caught.value).split("\n")
    assert len(said) == 4
    for line, hint in zip(
        said, ["inverse_time", "`processors`", "`pre_aggregate`", "did you mean 'clipnorm'"], strict=True
    ):
        assert hint in line
    with pytest.raises(optiplug.ConfigError, match="`learning_rate`, which was given too"):
        SGD(learning_rate=0.1, lr=0.1)
    with pytest.raises(optiplug.ConfigError, match=r"lr: is not a field of SGDConfig.*write `learning_rate`"):
        optiplug.create("sgd", lr=0.1)


def test_the_replacement_of_decay_decays_alike():
    schedule = {"use": "inverse_time", "initial_learning_rate": 0.5, "decay_steps": 1, "decay_rate": 0.1}
    legacy = tf_keras.optimizers.legacy.SGD(0.5, decay=0.1)
    gradients = [1.0] * 5
    np.testing.assert_allclose(stepped(SGD(schedule), *gradients), stepped(legacy, *gradients), rtol=1e-6)
