"""The samples of TensorFlow Addons' own tests (0.23, Apache-2.0), with the numbers that they expect."""

from __future__ import annotations

import numpy as np
import pytest

import optiplug
from support.trajectories import follow

START = [np.array([1.0, 2.0]), np.array([3.0, 4.0])]
GRADIENTS = [np.array([0.1, 0.2]), np.array([0.03, 0.04])]
WARMUP = {
    "use": "warmup",
    "warmup_steps": 9,
    "initial_learning_rate": 1e-4,
    "schedule": {
        "use": "polynomial",
        "initial_learning_rate": 1e-3,
        "decay_steps": 90,
        "end_learning_rate": 1e-5,
    },
}
RANGER = {"beta_1": 0.95, "processors": [{"use": "lookahead", "sync_period": 6, "slow_step_size": 0.45}]}
BELIEF = {"epsilon": 1e-14, "epsilon_root": 1e-14}
SAMPLES = {
    "radam": ("radam", {}, 100, [[0.985769, 1.985269], [2.986119, 3.986068]]),
    "radam amsgrad": ("radam", {"amsgrad": True}, 100, [[0.985769, 1.985269], [2.986119, 3.986068]]),
    "radam decay": ("radam", {"weight_decay": 0.01}, 100, [[0.984775, 1.983276], [2.983125, 3.982076]]),
    "radam warmup": ("radam", {"learning_rate": WARMUP}, 100, [[0.994062, 1.993912], [2.994167, 3.994152]]),
    "ranger": ("radam", RANGER, 100, [[0.993126, 1.992901], [2.993283, 3.993261]]),
    "adabelief": ("adabelief", BELIEF, 100, [[0.66723955, 1.6672393], [2.6672382, 3.6672382]]),
    "adabelief amsgrad": (
        "adabelief",
        {**BELIEF, "amsgrad": True},
        100,
        [[0.67249274, 1.6724932], [2.6724923, 3.6724923]],
    ),
    "cocob": ("cocob", {}, 10, [[0.84528893, 1.845289], [2.845289, 3.845289]]),
    "cocob 20": ("cocob", {"alpha": 20.0}, 7, [[0.09346926, 1.0934693], [2.0934694, 3.0934694]]),
    "cocob 55.7": ("cocob", {"alpha": 55.7}, 5, [[0.89307845, 1.8930784], [2.8930783, 3.8930783]]),
}


@pytest.mark.sampled(7)
@pytest.mark.parametrize("sample", SAMPLES)
def test_sample(sample):
    use, fields, steps, expected = SAMPLES[sample]
    trajectory = follow(optiplug.create(use, **fields), START, [GRADIENTS] * steps, "float32")
    np.testing.assert_allclose(trajectory[-1], expected, atol=3e-6 if use != "adabelief" else 2e-4)


NOVOGRAD = {"learning_rate": 0.1, "beta_1": 0.9, "beta_2": 0.999}
NOVOGRAD_SAMPLES = [
    ({}, 1, [[0.9552786425, 1.9105572849], [2.9400000012, 3.9200000016]]),
    ({"weight_decay_rate": 0.1}, 1, [[0.945278642, 1.8905572849], [2.9100000012, 3.8800000016]]),
    ({"grad_averaging": True}, 2, [[0.9105572849, 1.8211145698], [2.8800000024, 3.8400000032]]),
]


@pytest.mark.parametrize(("fields", "steps", "expected"), NOVOGRAD_SAMPLES)
def test_novograd(fields, steps, expected):
    gradients = [np.array([0.1, 0.2]), np.array([0.3, 0.4])]
    optimizer = optiplug.create("novograd", **NOVOGRAD, **fields)
    trajectory = follow(optimizer, START, [gradients] * steps, "float64")
    np.testing.assert_allclose(trajectory[-1], expected, rtol=1e-7)


REGULARIZED = {"l1_regularization_strength": 0.001}
PROXIMAL_SAMPLES = [
    ({}, [[-6.722771, -9.230448], [3.0539124, 1.1230775]]),
    (REGULARIZED, [[-6.663634, -9.190331], [2.9593036, 1.0292315]]),
    ({**REGULARIZED, "l2_regularization_strength": 2.0}, [[-0.0495, -0.0995], [-0.0045, -0.0095]]),
]


@pytest.mark.parametrize(("fields", "expected"), PROXIMAL_SAMPLES)
def test_proximal_adagrad(fields, expected):
    start, gradients = [START[0], np.array([4.0, 3.0])], [np.array([0.1, 0.2]), np.array([0.01, 0.02])]
    optimizer = optiplug.create("proximal_adagrad", learning_rate=3.0, **fields)
    trajectory = follow(optimizer, start, [gradients] * 10, "float32")
    np.testing.assert_allclose(trajectory[-1], expected, rtol=1e-6)
