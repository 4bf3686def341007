"""Variables that weight decay leaves alone, by themselves and by patterns."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug

NAMES = ("kernel", "bias", "bi[a]s", "scale")


def decayed(exclude):
    """Return the names of the variables that one step of decay moved."""
    variables = {name: tf.Variable(1.0, name=name) for name in NAMES}
    optimizer = optiplug.create("sgd", learning_rate=0.5, weight_decay=0.5, jit_compile=False)
    exclude(optimizer, variables)
    optimizer.apply_gradients([(tf.constant(0.0), each) for each in variables.values()])
    moved = {name for name, each in variables.items() if each.numpy() != 1.0}
    np.testing.assert_allclose([variables[name].numpy() for name in moved], 0.75)
    return moved


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["bias"], {"bias"}),
        (["^k", "al"], {"kernel", "scale"}),
        (["."], set(NAMES)),
        (["nothing"], set()),
    ],
)
def test_patterns_are_searched_in_names(patterns, left):
    def exclude(optimizer, variables):
        optimizer.exclude_from_weight_decay(var_names=patterns)

    assert decayed(exclude) == set(NAMES) - left


def test_a_variable_is_excluded_and_none_that_its_name_matches():
    def exclude(optimizer, variables):
        optimizer.exclude_from_weight_decay([variables["bi[a]s"]])

    assert decayed(exclude) == {"kernel", "bias", "scale"}


def test_exclusions_add_up():
    def exclude(optimizer, variables):
        optimizer.exclude_from_weight_decay([variables["bias"]])
        optimizer.exclude_from_weight_decay([variables["scale"]], ["kern"])

    assert decayed(exclude) == {"bi[a]s"}
