"""State that fits is loaded by name; state that does not is refused as a whole."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_adam.adam import Adam
from optiplug_sgd.sgd import SGD
from support.optimizer_states import FULL, assert_same_state, stored, trained

WITHOUT = object()

# What is done to a store, and the row of the table that it leads to.
BROKEN = {
    "missing": ({"momentum/bias": WITHOUT}, ("momentum/bias", "-", "float32 (2,)")),
    "extra": ({"momentum/other": np.zeros(2, "float32")}, ("momentum/other", "float32 (2,)", "-")),
    "reshaped": (
        {"momentum/kernel": np.zeros(4, "float32")},
        ("momentum/kernel", "float32 (4,)", "float32 (2, 2)"),
    ),
    "another dtype": ({"momentum/bias": np.zeros(2)}, ("momentum/bias", "float64 (2,)", "float32 (2,)")),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_does_not_fit_is_told_in_a_table(kind):
    changes, row = BROKEN[kind]
    store = {**stored(trained()[0]), **changes}
    optimizer, _ = trained(steps=1)
    before = stored(optimizer)
    with pytest.raises(optiplug.StateError, match="nothing was changed") as caught:
        optimizer.load_own_variables({key: value for key, value in store.items() if value is not WITHOUT})
    assert caught.value.differences == (row,)
    assert re.search(r"\s+".join(map(re.escape, row)), str(caught.value))
    assert_same_state(stored(optimizer), before)


def test_all_differences_are_told_at_once():
    with pytest.raises(optiplug.StateError) as caught:
        trained(amsgrad=True)[0].load_own_variables(stored(SGD(0.1)))
    assert len(caught.value.differences) == 10
    assert str(caught.value).count("\n") == 11


def test_a_long_table_is_cut():
    store = {f"state {number}": np.zeros(1) for number in range(1000)}
    with pytest.raises(optiplug.StateError, match=r"\.\.\. and \d+ more") as caught:
        trained()[0].load_own_variables(store)
    assert len(caught.value.differences) > 1000
    assert len(str(caught.value)) < 3000


def test_a_store_in_another_order_lands_by_name():
    source, target = trained()[0], trained(steps=1)[0]
    store = stored(source)
    target.load_own_variables({name: store[name] for name in reversed(store)})
    assert_same_state(stored(target), store)


def test_swapped_slots_are_the_reason_to_load_by_name():
    """Momentum and second moment have one shape: only their names tell them apart."""
    source = trained()[0]
    store = stored(source)
    names = list(store)
    first, second = names.index("momentum/bias"), names.index("second_moment/bias")
    names[first], names[second] = names[second], names[first]

    by_name, by_position = trained(steps=1)[0], trained(steps=1)[0]
    by_name.load_own_variables({name: store[name] for name in names})
    by_position.set_weights([store[name] for name in names])

    assert_same_state(stored(by_name), store)
    np.testing.assert_array_equal(by_position.state.states["momentum/bias"], store["second_moment/bias"])


def test_set_weights_checks_number_and_shapes():
    optimizer, _ = trained(steps=1)
    before = stored(optimizer)
    weights = list(before.values())
    for broken, row in [
        (weights[:-1], ("second_moment/bias", "-", "float32 (2,)")),
        ([*weights, np.zeros(3)], (f"weight {len(weights)}", "float64 (3,)", "-")),
        ([*weights[:-1], np.zeros(3)], ("second_moment/bias", "float64 (3,)", "float32 (2,)")),
    ]:
        with pytest.raises(optiplug.StateError) as caught:
            optimizer.set_weights([np.int64(77), *broken[1:]])
        assert caught.value.differences == (row,)
        assert_same_state(stored(optimizer), before)


def test_numbered_state_of_keras_is_sent_to_convert():
    with pytest.raises(optiplug.StateError, match=r"optiplug\.convert"):
        trained()[0].load_own_variables({"0": np.int64(1), "1": np.zeros(2)})


def test_an_optimizer_that_is_not_built_says_so():
    with pytest.raises(optiplug.StateError, match="build the optimizer with the model's variables first"):
        Adam(**FULL).load_own_variables(stored(trained()[0]))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "complex64"])
def test_every_dtype_comes_back_as_it_was(dtype):
    def built(value):
        variable = tf.Variable(tf.cast([value, 2.0], dtype), name="w")
        optimizer = SGD(0.1, momentum=0.9, use_ema=True)
        optimizer.apply_gradients([(variable * 0.5, variable)])
        return optimizer

    store = stored(built(1.0))
    target = built(3.0)
    target.load_own_variables(store)
    assert_same_state(stored(target), store)
