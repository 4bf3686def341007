"""Optimizers that keep where variables started: that is exact, whatever the dtype of other state."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.trajectories import apply, problem, variables_of

STARTS = {"prodigy": "initial", "dog": "initial", "madgrad": "start"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("use", STARTS)
def test_only_the_start_is_kept_as_precisely_as_the_variables(use):
    initial, gradients = problem(5)
    optimizer, variables = optiplug.create(use, state_dtype="bfloat16"), variables_of(initial, "float32")
    for present in gradients:
        apply(optimizer, present, variables)
    assert all(np.isfinite(each.numpy()).all() for each in variables)
    slots = {name: state.variable for name, state in optimizer.state.states.items() if "/" in name}
    exact = {name for name, each in slots.items() if each.dtype != tf.bfloat16}
    assert exact == {f"{STARTS[use]}/w{key}" for key in range(len(initial))}
    for key, value in enumerate(initial):
        np.testing.assert_array_equal(slots[f"{STARTS[use]}/w{key}"].numpy(), np.float32(value))


@pytest.mark.parametrize("use", STARTS)
def test_variables_are_not_drawn_to_a_rounded_start(use):
    (variable,) = variables_of([np.asarray([1.0 + 2.0**-20])], "float32")
    optimizer = optiplug.create(use, state_dtype="bfloat16")
    optimizer.apply_gradients([(tf.constant([0.0]), variable)])
    assert variable.numpy() == np.float32(1.0 + 2.0**-20)
