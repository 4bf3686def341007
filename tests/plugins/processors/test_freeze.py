"""Frozen variables stay as they are to the bit, and nobody else notices them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_processors.freeze import Freeze

STEPS = 6


def run(use, *processors, spoilt=False, steps=STEPS, **fields):
    """Return the values of two variables after each step; the first may get a NaN as gradient."""
    table = tf.Variable([1.0, -2.0], dtype=tf.float64, name="table")
    head = tf.Variable([0.5, 3.0, -1.0], dtype=tf.float64, name="head")
    optimizer = optiplug.create(use, learning_rate=0.1, processors=list(processors), **fields)
    seen = []
    for step in range(steps):
        gradient = [np.nan, np.inf] if spoilt else [1.0 + step, -1.0]
        pairs = [(tf.constant(gradient, tf.float64), table), (0.5 * head.read_value(), head)]
        optimizer.apply_gradients(pairs)
        seen.append([table.numpy(), head.numpy()])
    return seen, optimizer


FROZEN = {"use": "freeze", "only": ["table"]}
CLIP = {"use": "clip_by_global_norm", "max_norm": 0.25}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("spoilt", [False, True])
def test_no_decay_average_or_clip_sees_a_frozen_variable(spoilt):
    wide = {"weight_decay": 0.3, "beta_1": 0.5}
    ours, optimizer = run("adamw", FROZEN, CLIP, spoilt=spoilt, **wide)
    # The clip alone, on the other variable: what it would see if there were no table.
    theirs, _ = run("adamw", {**CLIP, "only": ["head"]}, **wide)
    for (table, head), (_, expected) in zip(ours, theirs, strict=True):
        assert table.tolist() == [1.0, -2.0]
        np.testing.assert_allclose(head, expected, rtol=1e-14)
    moments = [state.numpy() for name, state in optimizer.state.states.items() if name.endswith("/table")]
    assert moments
    assert not np.any(moments)


def test_a_momentum_stops_at_once_and_starts_anew():
    freeze = {**FROZEN, "since": 1, "until": 5}
    (ours, _), (alone, _) = run("sgd", freeze, momentum=0.5), run("sgd", momentum=0.5)
    tables = [table for table, _ in ours]
    np.testing.assert_array_equal(tables[0], alone[0][0])
    for table in tables[1:5]:
        np.testing.assert_array_equal(table, tables[0])
    # The velocity of the first step went on being halved, and 6 and -1 are the gradients of the last.
    velocity = -0.1 * 0.5**5 * np.array([1.0, -1.0]) - 0.1 * np.array([6.0, -1.0])
    np.testing.assert_allclose(tables[5], tables[0] + velocity, rtol=1e-14)
    for (_, head), (_, expected) in zip(ours, alone, strict=True):
        np.testing.assert_allclose(head, expected, rtol=1e-14)


@pytest.mark.parametrize("since", [3, 4])
def test_it_must_begin_before_it_ends(since):
    with pytest.raises(optiplug.ConfigError, match="since"):
        Freeze(until=3, since=since)
