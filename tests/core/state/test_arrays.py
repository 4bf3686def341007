"""What is given for state is an array of numbers, of its kind and range, or it is refused by its key."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as values

import optiplug
from optiplug import StateError
from optiplug._state.arrays import converted
from support.optimizer_states import assert_same_state, stored, trained


class RaisesAsAnArray:
    def __array__(self, *arguments, **options):
        raise RuntimeError


NO_NUMBERS = {
    "nothing": None,
    "ragged": [[1.0], [1.0, 2.0]],
    "text": "abc",
    "bytes": [b"a", b"b"],
    "object": object(),
    "raises": RaisesAsAnArray(),
    "date": np.datetime64("2020"),
    "raw bytes": np.zeros(2, "V2"),
    "mapping": {"a": 1.0},
}


@pytest.fixture(scope="module")
def optimizer():
    """An optimizer that refuses everything, and so is never changed."""
    return trained(steps=1)[0]


@pytest.mark.parametrize("value", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_no_array_of_numbers_is_refused_by_its_key(value, optimizer):
    before = stored(optimizer)
    with pytest.raises(StateError, match="adam: momentum/bias: must be an array of numbers"):
        optimizer.load_own_variables({**before, "iterations": np.int64(7), "momentum/bias": value})
    with pytest.raises(StateError, match="adam: learning_rate: must be an array of numbers"):
        optimizer.set_weights([np.int64(7), value, *list(before.values())[2:]])
    assert_same_state(stored(optimizer), before)


@pytest.mark.parametrize("key", [1, None, b"iterations", ("a",)], ids=str)
def test_keys_must_be_texts(key, optimizer):
    with pytest.raises(StateError, match="names of state must be texts"):
        optimizer.load_own_variables({**stored(optimizer), key: 0.0})


@pytest.mark.parametrize("store", [None, 5, [1.0], "abc"], ids=str)
def test_a_store_must_be_a_mapping(store, optimizer):
    with pytest.raises(StateError, match="from a mapping of names to arrays"):
        optimizer.load_own_variables(store)


def test_weights_must_be_a_list(optimizer):
    with pytest.raises(StateError, match="must be a list of arrays"):
        optimizer.set_weights(3)


@pytest.mark.parametrize("version", [0, -1, 1.5, [1, 2], np.nan], ids=str)
def test_a_version_must_be_a_whole_number(version, optimizer):
    with pytest.raises(StateError, match="state_version: the version of state must be a whole number"):
        optimizer.load_own_variables({**stored(optimizer), "state_version": version})


@pytest.mark.parametrize(
    ("position", "value"),
    [(0, 1.5), (0, True), (0, 2.0**70), (1, 1j), (1, True), (1, 1e300)],
    ids=str,
)
def test_weights_of_another_kind_are_refused(position, value, optimizer):
    weights = list(stored(optimizer).values())
    with pytest.raises(StateError, match=r"cannot be set from these .*nothing was changed"):
        optimizer.set_weights([*weights[:position], value, *weights[position + 1 :]])
    assert_same_state(stored(optimizer), dict(zip(stored(optimizer), weights, strict=True)))


def test_counters_that_changed_places_are_told_apart(optimizer):
    steps, rate, *others = stored(optimizer).values()
    with pytest.raises(StateError, match=r"iterations: state of int64 cannot be set from these float32"):
        optimizer.set_weights([rate, steps, *others])


def test_python_numbers_are_taken():
    weight = tf.Variable([1.0, 2.0], name="w")
    optimizer = optiplug.create("sgd", momentum=0.9)
    optimizer.build([weight])
    optimizer.set_weights([3, 1, [0, 2]])
    assert [each.numpy().tolist() for each in optimizer.variables] == [3, 1.0, [0.0, 2.0]]


@pytest.mark.parametrize(
    ("value", "dtype", "fits"),
    [
        (2, "bfloat16", True),
        (np.nan, "float32", True),
        (-np.inf, "float16", True),
        (70000.0, "float16", False),
        (2**40, "int32", False),
        (-1, "uint8", False),
        (1.5, "complex64", True),
        (1, "bool", False),
        (True, "bool", True),
    ],
)
def test_numbers_keep_their_kind_and_range(value, dtype, fits):
    result = converted(np.asarray(value), tf.as_dtype(dtype))
    assert (result is not None) == fits
    if fits:
        assert result.dtype == tf.as_dtype(dtype).as_numpy_dtype
        np.testing.assert_array_equal(result.astype(complex), complex(value))


ANYTHING = values.recursive(
    values.none() | values.booleans() | values.integers() | values.floats() | values.text(max_size=3),
    lambda each: values.lists(each, max_size=3) | values.dictionaries(values.text(max_size=2), each),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(store=values.dictionaries(values.sampled_from(["iterations", "momentum/bias", "x"]), ANYTHING))
def test_whatever_is_loaded_is_refused_as_state(optimizer, store):
    before = stored(optimizer)
    with pytest.raises(StateError):
        optimizer.load_own_variables({**before, **store, "x": 0.0})
    assert_same_state(stored(optimizer), before)


class Unreadable:
    """A file that is closed, or damaged where a value is."""

    def __init__(self, at):
        self._at = at

    def keys(self):
        if self._at == "keys":
            raise ValueError("the file is closed")
        return ["iterations"]

    def __getitem__(self, key):
        raise OSError("the file is damaged")


@pytest.mark.parametrize("at", ["keys", "values"])
def test_a_store_that_cannot_be_read_is_refused(at, optimizer):
    with pytest.raises(StateError, match=r"adam: the mapping cannot be read: .*the file is"):
        optimizer.load_own_variables(Unreadable(at))
