"""What makes no sense is refused with an error of our own, and leaves everything as it was."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, seed, settings
from hypothesis import strategies as st

import optiplug
from optiplug_sgd.sgd import SGD
from support.single_steps import rows, stepped

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
NAMES = st.sampled_from(["sgd", "exponential", "constant", "ema", "skip_non_finite", "clip_by_value", "auto"])
ANYTHING = st.recursive(
    SCALARS | NAMES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["use", "rate", "value", "momentum", "only"]), inner, max_size=3)
    ),
    max_leaves=4,
)
PART = st.floats(0, 1)
CONSTANT = st.builds(lambda value: {"use": "constant", "value": value}, PART)
SENSIBLE = {
    "learning_rate": PART | CONSTANT,
    "momentum": PART | CONSTANT,
    "nesterov": st.booleans(),
    "weight_decay": PART | CONSTANT,
    "clipnorm": PART,
    "clipvalue": PART,
    "global_clipnorm": PART,
    "use_ema": st.booleans(),
    "ema_momentum": PART,
    "ema_overwrite_frequency": st.integers(0, 3),
    "jit_compile": st.sampled_from([False, "auto"]),
    "pack_small_variables": st.booleans(),
    "sharded_state": st.booleans(),
    "sparse": st.sampled_from(["exact", "lazy"]),
    "state_dtype": st.sampled_from([None, "float32", "variable"]),
    "exclude_from_weight_decay": st.lists(st.text(max_size=4), max_size=3),
    "processors": st.lists(st.sampled_from(["ema", "skip_non_finite"]) | ANYTHING, max_size=3),
    "name": st.text(max_size=4),
}
FIELDS = sorted({*SGD.Config.model_fields, "decay", "mesh", "unknown"})


@st.composite
def hyperparameters(draw):
    """Draw some fields, each with anything or with what may make sense."""
    chosen = draw(st.lists(st.sampled_from(FIELDS), unique=True, min_size=1, max_size=4))
    likely = draw(st.booleans())
    return {name: draw(SENSIBLE.get(name, ANYTHING) if likely else ANYTHING) for name in chosen}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("share", range(4))
def test_any_hyperparameters(share):
    """Either they make an optimizer that steps, with a config of plain JSON, or the error is ours."""
    outcomes = Counter()

    @seed(share)
    @given(given_ones=hyperparameters())
    @settings(max_examples=250)
    def every(given_ones):
        try:
            optimizer, variable = SGD(**{"jit_compile": False, **given_ones}), tf.Variable([1.0, 2.0])
            optimizer.build([variable])  # which knows what selections select
        except optiplug.errors.OptiplugError as error:
            outcomes[type(error)] += 1
            return
        outcomes["made"] += 1
        assert optimizer.apply_gradients([(tf.constant([0.5, -0.5]), variable)]) == 1
        config = json.loads(json.dumps(optimizer.get_config(), allow_nan=False))
        assert SGD.from_config(config).config == optimizer.config

    every()
    assert outcomes["made"] > 12
    assert outcomes[optiplug.ConfigError] > 12


# Gradients of a variable of three rows and two columns.
WRONG = {
    "another shape": lambda: tf.ones([2, 3]),
    "one row": lambda: tf.ones([1, 2]),
    "a scalar": lambda: 1.0,
    "one axis more": lambda: tf.ones([3, 2, 1]),
    "rows of another length": lambda: rows([[1.0, 2.0, 3.0]], [1], [3, 3]),
    "rows of a longer table": lambda: rows([[1.0, 2.0]], [1], [4, 2]),
}


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("case", WRONG)
def test_a_gradient_of_another_shape_changes_nothing(case, jit_compile):
    optimizer, variable = SGD(1.0, momentum=0.5, jit_compile=jit_compile), tf.Variable(tf.ones([3, 2]))
    optimizer.apply_gradients([(tf.ones([3, 2]), variable)])
    before = [each.numpy() for each in optimizer.variables]
    with pytest.raises(optiplug.GradientsError, match=r"must have its shape \(3, 2\)"):
        optimizer.apply_gradients([(WRONG[case](), variable)])
    for each, value in zip(optimizer.variables, before, strict=True):
        np.testing.assert_array_equal(each, value)
    optimizer.apply_gradients([(tf.ones([3, 2]), variable)])
    np.testing.assert_array_equal(variable, np.full([3, 2], -1.5))


NO_GRADIENTS = {
    "a string": lambda: "x",
    "a boolean": lambda: True,
    "an object": object,
    "a sparse tensor": lambda: tf.sparse.from_dense([[1.0, 0.0]]),
    "a complex number": lambda: 1 + 2j,
}


@pytest.mark.parametrize("make", NO_GRADIENTS.values(), ids=NO_GRADIENTS)
def test_what_is_no_gradient_is_refused(make):
    variable, optimizer = tf.Variable([[1.0, 1.0]]), SGD(1.0)
    with pytest.raises(optiplug.GradientsError, match=r"a gradient must be|gradient of 'Variable:0' must"):
        optimizer.apply_gradients([(make(), variable)])
    np.testing.assert_array_equal(variable, [[1.0, 1.0]])


def test_rows_of_a_scalar_are_refused():
    rows = tf.IndexedSlices(tf.ones([1]), tf.constant([0]))
    with pytest.raises(optiplug.GradientsError, match=r"must have its shape \(\)"):
        SGD(1.0).apply_gradients([(rows, tf.Variable(1.0))])


@pytest.mark.parametrize("sparse", ["exact", "lazy"])
@pytest.mark.parametrize("row", [-1, 7])
@pytest.mark.parametrize("graph", [False, True])
def test_rows_that_do_not_exist_change_nothing(sparse, row, graph):
    table, optimizer = tf.Variable(tf.zeros([3, 2])), SGD(1.0, sparse=sparse)
    step = tf.function(optimizer.apply_gradients) if graph else optimizer.apply_gradients
    with pytest.raises(tf.errors.InvalidArgumentError):
        step([(tf.IndexedSlices(tf.ones([1, 2]), tf.constant([row]), tf.constant([3, 2])), table)])
    np.testing.assert_array_equal(table, np.zeros([3, 2]))
    assert optimizer.iterations == 0


def test_variables_of_integers_are_refused():
    with pytest.raises(optiplug.GradientsError, match=r"floating or complex dtype.*int32"):
        SGD(0.5).apply_gradients([(tf.constant(4), tf.Variable(10))])


@pytest.mark.parametrize("name", ["_mine", "*", "über", "/x", "-x"])
def test_any_name_of_a_processor_will_do(name):
    clip = {"use": "clip_by_value", "max_value": 1.0, "name": name}
    assert stepped(SGD(1.0, processors=[clip]), 4.0, start=1.0) == 0.0


def test_a_private_class_of_hooks():
    class _Halve:
        @optiplug.hookimpl
        def clip(self, gradients):
            return [gradient / 2 for gradient in gradients]

    assert stepped(SGD(1.0, processors=[_Halve()]), 4.0, start=1.0) == -1.0


def test_minimize_over_variables_of_keras_3():
    import keras

    variable = keras.Variable([2.0])
    SGD(0.25).minimize(lambda: tf.reduce_sum(variable.value**2), [variable])
    assert float(variable.value[0]) == 1.0
