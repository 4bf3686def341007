"""Saved variables are told apart by value, then by name and place, and never by a guess."""

from __future__ import annotations

import numpy as np
import pytest

from optiplug import Identity, StateError, match_variables


def known(values, *, places=True):
    """Return the identities of variables with these values, by path, in their order."""
    return [
        Identity.of(np.float32(value), path, place if places else None)
        for place, (path, value) in enumerate(values.items())
    ]


def test_values_decide_whatever_the_names():
    saved = known({"dense/kernel": [1, 2], "dense_1/kernel": [3, 4]})
    present = known({"dense_1/kernel": [1, 2], "dense_2/kernel": [3, 4]})

    pairs = {"dense_1/kernel": "dense/kernel", "dense_2/kernel": "dense_1/kernel"}
    assert match_variables(saved, present, "here") == (pairs, True)


def test_values_decide_whatever_the_order():
    saved = known({"a": [1, 2], "b": [3, 4]})
    present = known({"b": [3, 4], "a": [1, 2]})

    assert match_variables(saved, present, "here") == ({"a": "a", "b": "b"}, True)


def test_equal_values_go_with_their_layer():
    saved = known({"dense/kernel": [1], "dense/bias": [0], "dense_1/kernel": [2], "dense_1/bias": [0]})
    present = known(
        {"other_1/bias": [0], "other_1/kernel": [2], "other/kernel": [1], "other/bias": [0], "new": [7]}
    )

    pairs, _ = match_variables(saved, present, "here")

    assert pairs == {
        "other/kernel": "dense/kernel",
        "other/bias": "dense/bias",
        "other_1/kernel": "dense_1/kernel",
        "other_1/bias": "dense_1/bias",
    }


def test_equal_values_of_which_nothing_tells_are_in_doubt():
    saved = known({"a": [0], "b": [0], "c": [1]}, places=False)
    present = known({"x": [0], "c": [1]}, places=False)

    with pytest.raises(StateError, match=r"nothing tells .*\['x'\]"):
        match_variables(saved, present, "here")


def test_place_and_path_have_to_agree_before_values_are_there():
    saved = known({"first": [1], "second": [2]})
    present = known({"second": [8], "first": [9]})

    with pytest.raises(StateError, match=r"nothing tells .*'second'"):
        match_variables(saved, present, "here")


def test_place_tells_while_names_say_nothing():
    saved = known({"dense/kernel": [1], "dense_1/kernel": [2]})
    present = known({"dense_4/kernel": [8], "dense_5/kernel": [9]})

    pairs = {"dense_4/kernel": "dense/kernel", "dense_5/kernel": "dense_1/kernel"}
    assert match_variables(saved, present, "here") == (pairs, False)


def test_numbered_names_tell_nothing_of_a_part_of_a_model():
    saved = known({"dense/kernel": [1], "dense_1/kernel": [2]})
    present = known({"dense_1/kernel": [9]})

    with pytest.raises(StateError, match="nothing tells"):
        match_variables(saved, present, "here")


def test_names_tell_of_a_part_of_a_model():
    saved = known({"body/kernel": [1], "head/kernel": [2]})
    present = known({"head/kernel": [9]})

    assert match_variables(saved, present, "here") == ({"head/kernel": "head/kernel"}, False)


def test_names_and_places_are_not_asked_of_loaded_values():
    saved, present = known({"a": [1], "b": [2]}), known({"a": [8], "b": [2]})

    assert match_variables(saved, present, "here", loaded=True) == ({"b": "b"}, True)


def test_large_values_are_told_apart_by_some_elements():
    value = np.zeros(1 << 18, np.float32)
    other = value.copy()
    other[1 << 17 :] = 1.0

    assert Identity.of(value, "a") != Identity.of(other, "a")


def test_frozen_variable_under_another_path():
    identity = Identity.of(np.ones(2), "a", 3).frozen_at("b")

    assert (identity.path, identity.place) == ("b", None)
    assert identity.value == Identity.of(np.ones(2), "b").value
