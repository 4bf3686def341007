"""Projections: what Keras' constraints do, to the variables that a call updates."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_processors.ema import EMA

SHAPES = [(5,), (6, 4), (3, 3, 2, 4)]
CONSTRAINTS = {
    "non_negative": ("NonNeg", {}, SHAPES),
    "max_norm": ("MaxNorm", {"max_value": 1.5, "axis": 0}, SHAPES),
    "unit_norm": ("UnitNorm", {"axis": 0}, SHAPES),
}
PROJECTIONS = [*CONSTRAINTS]


def projected(entry, values, **keywords):
    """Return what one step without a gradient to speak of makes of these values."""
    variables = [tf.Variable(value, name=f"w{place}") for place, value in enumerate(values)]
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[entry], **keywords)
    optimizer.apply_gradients([(tf.zeros_like(variable), variable) for variable in variables])
    return [variable.numpy() for variable in variables]


def drawn(shapes, dtype="float32"):
    random = np.random.default_rng(4)
    return [random.normal(size=shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("name", PROJECTIONS)
def test_equals_the_constraint_of_tf_keras(name):
    import tf_keras

    kind, fields, shapes = CONSTRAINTS[name]
    values = drawn(shapes)
    constraint = getattr(tf_keras.constraints, kind)(**fields)
    for ours, value in zip(projected({"use": name, **fields}, values), values, strict=True):
        np.testing.assert_allclose(ours, constraint(tf.constant(value)), rtol=1e-6, atol=1e-7)
        assert (ours != value).any()


@pytest.mark.parametrize("name", ["max_norm", "unit_norm"])
def test_by_default_every_filter_is_a_unit(name):
    vector, kernel, filters = values = drawn(SHAPES, "float64")
    after = projected({"use": name}, values)
    np.testing.assert_array_equal(after[0], vector)
    for new, old in ((after[1], kernel), (after[2], filters)):
        norm = np.sqrt((old.reshape(-1, old.shape[-1]) ** 2).sum(0))
        expected = np.minimum(norm, 2.0) if name == "max_norm" else norm / (norm + 1e-7)
        np.testing.assert_allclose(
            np.sqrt((new.reshape(-1, new.shape[-1]) ** 2).sum(0)), expected, rtol=1e-12
        )
    assert (np.sqrt((filters**2).sum((0, 1, 2))) > 2).any()


def test_weights_within_the_bound_keep_every_bit():
    (value,) = drawn([(6, 4)])
    (after,) = projected({"use": "max_norm", "max_value": 100.0}, [value])
    np.testing.assert_array_equal(after, value)


def test_weights_of_zero_stay_zero():
    (after,) = projected({"use": "unit_norm"}, [np.zeros((3, 2), np.float32)])
    np.testing.assert_array_equal(after, np.zeros((3, 2)))


@pytest.mark.parametrize("name", PROJECTIONS)
def test_variables_without_a_gradient_are_left_alone(name):
    one, other = (tf.Variable(-4 * tf.ones([2, 2]), name=name) for name in ("one", "other"))
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[name])
    optimizer.build([one, other])
    with pytest.warns(UserWarning, match="other"):
        optimizer.apply_gradients([(tf.zeros([2, 2]), one), (None, other)])
    assert (other.numpy() == -4).all()
    assert (one.numpy() != -4).all()


@pytest.mark.parametrize("name", PROJECTIONS)
def test_an_average_listed_after_it_sees_the_projected_values(name):
    average, variable = EMA(momentum=0.0), tf.Variable(-4 * tf.ones([2, 2]))
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[name, average])
    optimizer.apply_gradients([(tf.zeros([2, 2]), variable)])
    np.testing.assert_allclose(average.average[variable].numpy(), variable.numpy(), rtol=1e-6)
    assert (variable.numpy() > -4).all()


@pytest.mark.parametrize("name", ["max_norm", "unit_norm"])
@pytest.mark.parametrize("axis", [1, (0, 2), (0, 0), (0, -1)])
def test_an_axis_that_a_variable_does_not_have_is_refused(name, axis):
    with pytest.raises(optiplug.ConfigError, match=f"{name}.axis"):
        projected({"use": name, "axis": axis}, [np.zeros(3, np.float32)])


@pytest.mark.parametrize("name", ["max_norm", "unit_norm"])
def test_a_selector_spares_what_has_no_such_axis(name):
    kernel, bias = drawn([(3, 2), (2,)])
    after = projected({"use": name, "axis": 1, "min_ndim": 2}, [4 * kernel, bias])
    np.testing.assert_array_equal(after[1], bias)
    assert (after[0] != 4 * kernel).any()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("max_norm", {"max_value": 0}), ("max_norm", {"axis": ()}), ("unit_norm", {"epsilon": 0.0})],
)
def test_what_is_out_of_range_is_refused(name, wrong):
    (field,) = wrong
    with pytest.raises(optiplug.ConfigError, match=field):
        optiplug.create("sgd", processors=[{"use": name, **wrong}])


def test_complex_numbers_have_no_order_to_project_on():
    with pytest.raises(optiplug.GradientsError, match=r"non_negative: only real .* Received: .*complex64"):
        projected("non_negative", [np.ones(2, np.complex64)])
