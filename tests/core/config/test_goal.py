"""A goal knows when it is reached, and which of two values is better."""

from __future__ import annotations

import math

import pytest

from optiplug import Goal


@pytest.mark.parametrize(
    ("higher", "value", "reached"),
    [
        (False, 0.5, True),
        (False, 0.51, False),
        (True, 0.5, True),
        (True, 0.49, False),
        (False, math.nan, False),
        (True, math.nan, False),
        (False, -math.inf, True),
    ],
)
def test_a_goal_is_reached_at_its_target_or_beyond(higher, value, reached):
    assert Goal(target=0.5, steps=1, higher_is_better=higher).is_reached(value) is reached


def test_the_better_of_two_values_has_the_smaller_loss():
    loss, accuracy = Goal(target=0.1, steps=1), Goal(target=0.9, steps=1, higher_is_better=True)

    assert loss.loss_of(0.2) < loss.loss_of(0.3) < loss.loss_of(math.inf)
    assert accuracy.loss_of(0.8) < accuracy.loss_of(0.7) < accuracy.loss_of(math.nan)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"target": math.nan}, "target"),
        ({"steps": 0}, "steps"),
        ({"batch_size": 0}, "batch_size"),
        ({"evaluate_every": 0}, "evaluate_every"),
    ],
)
def test_a_goal_that_nobody_can_reach_is_refused(fields, name):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        Goal(**{"target": 0.5, "steps": 10, **fields})
