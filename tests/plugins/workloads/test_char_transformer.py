from __future__ import annotations

import math

import numpy as np
import pytest

from optiplug import ConfigError
from optiplug_lab.tasks import built
from optiplug_workloads.task_configs import CharTransformerConfig

SMALL = {"context": 12, "width": 8, "blocks": 2, "heads": 2}


def test_a_character_is_predicted_from_those_before_it():
    task = built(CharTransformerConfig(**SMALL), 0)
    characters = np.arange(24, dtype=np.int32).reshape(2, 12)
    changed = characters.copy()
    changed[:, 7] = 50
    before, after = task.logits(characters), task.logits(changed)

    assert before.shape == (2, 12, 96)
    np.testing.assert_array_equal(before[:, :7], after[:, :7])
    assert np.all(np.any(before[:, 7:] != after[:, 7:], axis=-1))


def test_what_follows_a_character_is_the_next_one():
    task = built(CharTransformerConfig(**SMALL), 0)
    characters, following = task.batch(0, 4, 0)

    np.testing.assert_array_equal(characters[:, 1:], following[:, :-1])


def test_at_first_all_characters_are_about_as_likely():
    task = built(CharTransformerConfig(**SMALL), 0)

    assert task.evaluate()["loss"] == pytest.approx(math.log(96), rel=0.02)


def test_heads_divide_the_width():
    with pytest.raises(ConfigError, match="width: must be divisible by `heads`, 3"):
        CharTransformerConfig(width=8, heads=3)
