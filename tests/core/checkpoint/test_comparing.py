"""What differs between the values of two saved steps."""

from __future__ import annotations

import json
import math
import threading

import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from optiplug.checkpoint import Checkpoints, saved_steps, value_differences
from optiplug.cli import application
from optiplug.errors import CorruptCheckpointError

NAN, INF = math.nan, math.inf
CASES = {
    "equal": ([1.0, 2.0], [1.0, 2.0], None),
    "one element": ([1.0, 2.0], [1.0, 2.5], (1, 0.5)),
    "equal NaN": ([NAN, 1.0], [NAN, 1.0], None),
    "NaN": ([1.0, 1.0], [NAN, 1.0], (1, NAN)),
    "infinite": ([1.0, 1.0], [INF, 1.0], (1, INF)),
    "sign of zero": ([0.0, 1.0], [-0.0, 1.0], (1, 0.0)),
    "integers": ([1, 2], [1, 5], (1, 3.0)),
    "flags": ([True, False], [True, True], (1, 1.0)),
    "complex": ([1j, 2j], [1j, 2j + 3], (1, 3.0)),
    "text": (["a", "b"], ["a", "c"], (1, None)),
    "nothing": (np.zeros([0], "float32"), np.zeros([0], "float32"), None),
}


@pytest.fixture
def saved(tmp_path):
    """Save two values of one variable and return the steps."""

    def steps(was, now):
        value = tf.Variable(was)
        with Checkpoints(tmp_path, {"value": value}) as checkpoints:
            checkpoints.save(1)
            value.assign(now)
            checkpoints.save(2)
        return saved_steps(tmp_path)

    return steps


@pytest.mark.parametrize("kind", CASES)
def test_differences_of_values(saved, kind):
    was, now, expected = CASES[kind]
    found = value_differences(*saved(was, now))
    if expected is None:
        assert found == []
        return
    (difference,) = found
    assert difference.key.startswith("value/")
    assert (difference.elements, difference.size) == (expected[0], 2)
    if expected[1] is None or math.isfinite(expected[1]):
        assert difference.largest == expected[1]
    else:
        assert not math.isfinite(difference.largest)


def test_half_precision(saved):
    one, other = (tf.constant(value, tf.bfloat16) for value in ([1.0, 2.0], [1.0, 4.0]))
    assert [each.largest for each in value_differences(*saved(one, other))] == [2.0]


def test_parts_of_several_processes(tmp_path):
    values = [tf.Variable(1.0), tf.Variable(2.0)]
    made = [
        Checkpoints(tmp_path, {"value": each}, process=number, processes=2)
        for number, each in enumerate(values)
    ]
    for step in (1, 2):
        other = threading.Thread(target=made[1].save, args=(step,))
        other.start()
        made[0].save(step)
        other.join()
        values[1].assign(5.0)
    (difference,) = value_differences(*saved_steps(tmp_path))
    assert difference.largest == 3.0


def test_damaged_values_are_refused(saved):
    one, other = saved([1.0], [2.0])
    data = next(other.path.glob("*.data-*"))
    data.write_bytes(data.read_bytes()[::-1])
    with pytest.raises(CorruptCheckpointError, match="checksum"):
        value_differences(one, other)


def test_the_command_line_compares_values(saved):
    one, other = saved([1.0, 2.0], [1.0, NAN])
    argv = ["checkpoint", "diff", str(one.path), str(other.path)]
    text = CliRunner().invoke(application(argv), argv)
    assert text.exit_code == 1
    assert "1 of 2" in text.output
    told = json.loads(CliRunner().invoke(application(argv), [*argv, "--json"]).stdout)
    assert [(each["elements"], each["largest"]) for each in told["values"]] == [(1, None)]
