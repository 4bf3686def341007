"""RAdam: when it begins to divide by its second moment."""

from __future__ import annotations

import numpy as np
import pytest

import optiplug
from support.trajectories import follow


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_is_plain_momentum_for_five_steps(dtype):
    """The length of the fifth step is 4.996, so that single precision must not round it up to 5."""
    optimizer = optiplug.create("radam", learning_rate=1.0)
    values = np.array([0.0, *(step[0] for step in follow(optimizer, [0.0], [[2.0]] * 7, dtype))])
    steps = -np.diff(values)
    np.testing.assert_allclose(steps[:5], 2.0, rtol=1e-6)
    assert (steps[5:] < 0.1).all()
    assert (steps[5:] > 0.01).all()


def test_never_divides_with_a_short_memory():
    optimizer = optiplug.create("radam", learning_rate=1.0, beta_2=2 / 3)
    (end,) = follow(optimizer, [0.0], [[2.0]] * 40, "float64")[-1]
    np.testing.assert_allclose(end, -80.0)
