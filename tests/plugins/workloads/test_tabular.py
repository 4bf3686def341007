from __future__ import annotations

import numpy as np
import pytest

from optiplug_workloads.task_configs import TabularConfig


def test_rows_are_standardised_by_those_learnt_from():
    task = TabularConfig().create()
    features, values = task.train

    assert (features.shape, values.shape, len(task.test[0])) == ((8192, 10), (8192, 1), 2048)
    np.testing.assert_allclose([values.mean(), values.std()], [0, 1], atol=1e-5)
    np.testing.assert_allclose([features.mean(), features.std()], [0, 1], atol=0.02)


def test_the_value_is_that_of_friedman():
    task = TabularConfig(noise=0.0, examples=2000).create()
    x = task.test[0] / 12**0.5 + 0.5
    curve = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]

    assert np.corrcoef(curve, task.test[1][:, 0])[0, 1] == pytest.approx(1, abs=1e-6)


def test_noise_keeps_the_loss_above_zero_and_below_the_target():
    clean, noisy = (TabularConfig(noise=noise).create() for noise in (0.0, 1.0))
    slope, offset = np.polyfit(clean.test[1][:, 0], noisy.test[1][:, 0], 1)
    least = np.mean((slope * clean.test[1] + offset - noisy.test[1]) ** 2)

    assert 0.7 * TabularConfig.goal.target < least < TabularConfig.goal.target
