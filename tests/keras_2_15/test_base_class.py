"""The constructor of the base class, as a class in the way of Keras calls it."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from keras_2_15.members import MEMBERS

DEFAULTS = {
    name: each.default
    for name, each in inspect.signature(tf_keras.optimizers.Optimizer.__init__).parameters.items()
    if each.default is not each.empty
}


@pytest.fixture
def descent(base):
    """Return gradient descent with a rate of 1, in the way of Keras: what it is given goes to the base."""

    class Descent(base):
        def __init__(self, *arguments, **keywords):
            super().__init__(*arguments, **keywords)
            self._learning_rate = self._build_learning_rate(1.0)

        def build(self, var_list):
            super().build(var_list)
            self._built = True

        def update_step(self, gradient, variable):
            variable.assign_sub(tf.cast(self.learning_rate, variable.dtype) * gradient)

    return Descent


def after(optimizer):
    """Return two variables after three steps."""
    variables = [tf.Variable([2.0, 2.0]), tf.Variable(2.0)]
    for _ in range(3):
        optimizer.apply_gradients(
            [(tf.constant([3.0, -4.0]), variables[0]), (tf.constant(0.5), variables[1])]
        )
    return [*variables[0].numpy(), float(variables[1])]


# By hand: the two gradients are (3, -4) and 0.5 in each step; their common norm is the root of 25.25.
EXPECTED = {
    "": ({}, [-7.0, 14.0, 0.5]),
    "weight_decay": ({"weight_decay": 0.5}, [-5.0, 7.25, -0.625]),
    "clipnorm": ({"clipnorm": 1.0}, [0.2, 4.4, 0.5]),
    "clipvalue": ({"clipvalue": 0.25}, [1.25, 2.75, 1.25]),
    "global_clipnorm": (
        {"global_clipnorm": 0.5},
        list(np.array([2, 2, 2]) - 1.5 * np.array([3, -4, 0.5]) / np.sqrt(25.25)),
    ),
    "use_ema": ({"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3}, [-4.375, 10.5, 0.9375]),
}


@pytest.mark.parametrize("case", EXPECTED)
def test_each_keyword_has_its_effect(descent, case):
    keywords, expected = EXPECTED[case]
    np.testing.assert_allclose(after(descent(name="descent", **keywords)), expected, rtol=1e-6)


def test_arguments_by_position(descent):
    optimizer = descent("by position", 0.25, None, 1.5, None, True, 0.5, 3, False)
    given = dict(
        zip(MEMBERS["arguments"], ("by position", 0.25, None, 1.5, None, True, 0.5, 3, False), strict=False)
    )
    assert optimizer.get_config().items() >= given.items()


def test_the_defaults_are_those_of_tf_keras():
    class Own(optiplug.Optimizer):
        def update_step(self, gradient, variable): ...

    config = Own("own").config
    assert {name: getattr(config, name) or None for name in DEFAULTS} == {
        name: value or None for name, value in DEFAULTS.items()
    }


@pytest.mark.parametrize(
    ("keyword", "hint"),
    [
        ("decay", "inverse_time"),
        ("gradient_transformers", "`processors`"),
        ("gradient_aggregator", "`pre_aggregate`"),
        ("clipnrm", "clipnorm"),
    ],
)
def test_what_is_refused_is_named_with_its_replacement(keyword, hint):
    class Own(optiplug.Optimizer):
        def __init__(self, **keywords):
            super().__init__("own", **keywords)

        def update_step(self, gradient, variable): ...

    with pytest.raises(optiplug.ConfigError, match=rf"{keyword}: is not a field.*{hint}"):
        Own(**{keyword: 0.1})
