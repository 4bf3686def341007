"""A part of a config without a name: strict, frozen, with all problems at once."""

from __future__ import annotations

import numpy as np
import pytest

from optiplug import ConfigError, NonNegativeFloat, PositiveInt, Section


class Phase(Section):
    steps: PositiveInt
    rate: NonNegativeFloat = 0
    names: tuple[str, ...] = ()


def test_lists_of_a_document_become_tuples():
    assert Phase(steps=1, names=["a", "b"]).names == ("a", "b")


def test_numbers_of_numpy_become_those_of_python():
    phase = Phase(steps=np.int64(3), rate=np.float32(0.5))

    assert (type(phase.steps), type(phase.rate)) == (int, float)


def test_default_is_validated_too():
    assert isinstance(Phase(steps=1).rate, float)


def test_all_problems_at_once():
    with pytest.raises(ConfigError) as caught:
        Phase(steps=0, rate=-1.0, nmaes=[])

    assert [problem.path for problem in caught.value.problems] == [("steps",), ("rate",), ("nmaes",)]
    assert "names" in str(caught.value)


def test_it_cannot_be_changed():
    phase = Phase(steps=1)
    with pytest.raises(ConfigError, match=r"Phase\.steps: a config cannot be changed. Received: 2. Hint: "):
        phase.steps = 2
    with pytest.raises(ConfigError, match=r"Phase\.rate: a config cannot be changed. Hint: "):
        del phase.rate
    with pytest.raises(ConfigError, match="cannot be changed"):
        phase.other = 1
    assert Phase(**{**dict(phase), "steps": 2}) == Phase(steps=2)  # what the hint says
