"""What each diagnostic tells apart, and that it is the same each time."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import registry
from optiplug_lab.config import TrainConfig
from optiplug_lab.trial import trial
from optiplug_workloads.diagnostics.descent import Descent
from optiplug_workloads.diagnostics.diagnosis import FACTORS, diagnose, diagnostics, examine

PASSED_AND_FAILED = {
    "diagnostic_cliff": ("rmsprop", "sgd"),
    "diagnostic_delay": ("adam", "muon"),
    "diagnostic_drift": ("sgd", "muon"),
    "diagnostic_noise": ("sgd", "rmsprop"),
    "diagnostic_outliers": ("rmsprop", "adam"),
    "diagnostic_saddle": ("adam", "sgd"),
    "diagnostic_scale": ("adam", "muon"),
    "diagnostic_sparse": ("adam", "sgd"),
    "diagnostic_tiny": ("lion", "adam"),
    "diagnostic_valley": ("soap", "adam"),
}


def optimizer(name, **values):
    return registry.get("optimizers", name)(**values)


def test_there_are_ten_and_each_is_held_to_its_law():
    assert list(diagnostics()) == list(PASSED_AND_FAILED)
    assert len(PASSED_AND_FAILED) == 10


@pytest.mark.parametrize("name", PASSED_AND_FAILED)
def test_one_passes_and_one_fails(name):
    passing, failing = (
        examine(optimizer(each), name, diagnostics()[name]) for each in PASSED_AND_FAILED[name]
    )

    assert passing.problem == failing.problem == ""
    assert passing.passed
    assert not failing.passed
    # By far, so that another order of sums on another machine changes nothing.
    assert failing.distance > 1.2 * failing.target


@pytest.mark.parametrize(
    ("name", "rate", "start", "end"),
    [
        ("diagnostic_cliff", 1e-5, 1.057771, 0.350972),
        ("diagnostic_delay", 1e-2, 1.057771, 0.305053),
        ("diagnostic_drift", 1e-2, 1.163168, 0.693925),
        ("diagnostic_noise", 1e-2, 1.057771, 0.133256),
        ("diagnostic_outliers", 1e-3, 1.057771, 1.159714),
        ("diagnostic_saddle", 1e-2, 1.040511, 0.708026),
        ("diagnostic_scale", 1e-2, 1.057771, 0.903934),
        ("diagnostic_sparse", 1e-2, 1.037720, 0.982492),
        ("diagnostic_tiny", 1e-2, 1.057771, 1.057771),
        ("diagnostic_valley", 1e-2, 1.057771, 0.969985),
    ],
)
def test_a_seed_decides_every_bit(name, rate, start, end):
    descent = Descent(diagnostics()[name], optimizer("sgd", learning_rate=rate))
    still, first, again, other = (
        descent.figure(seed, factor) for seed, factor in [(3, 0.0), (3, 1.0), (3, 1.0), (4, 1.0)]
    )

    assert first == again != other
    np.testing.assert_allclose([still, first], [start, end], rtol=1e-4)


@pytest.mark.parametrize("name", ["diagnostic_delay", "diagnostic_outliers"])
def test_a_run_ends_where_it_is_judged(name):
    sgd, goal = {"use": "sgd", "learning_rate": 0.003, "jit_compile": False}, diagnostics()[name].goal
    run = TrainConfig(
        task={"use": name},
        optimizer=sgd,
        seed=3,
        **{each: getattr(goal, each) for each in ("steps", "batch_size", "evaluate_every")},
    )
    *_, last = trial(run)

    judged = Descent(diagnostics()[name], run.optimizer).figure(seed=3)
    assert last.step == goal.steps
    np.testing.assert_allclose(last.figures[goal.figure], judged, rtol=1e-5)


@pytest.fixture
def uphill():
    """An optimizer with the sign flipped."""

    class UphillConfig(optiplug.OptimizerConfig):
        """Goes up the gradient."""

        learning_rate: optiplug.NonNegativeScalar = 0.01

        def create(self):
            return Uphill(self)

    class Uphill(optiplug.Optimizer):
        Config = UphillConfig

        def update_step(self, gradient, variable):
            variable.assign_add(gradient * self.rate(variable))

    return UphillConfig()


@pytest.mark.slow  # every rate of every diagnostic
def test_what_goes_uphill_fails_all(uphill):
    findings = diagnose(uphill)

    assert [each.diagnostic for each in findings] == list(PASSED_AND_FAILED)
    assert [each.problem for each in findings] == [""] * 10
    assert not any(each.passed for each in findings)


def test_what_cannot_run_is_neither_passed_nor_failed():
    frozen = optimizer("sgd", processors=[{"use": "freeze", "only": ["no_such/*"]}])
    finding = examine(frozen, "diagnostic_scale", diagnostics()["diagnostic_scale"])

    assert "no_such" in finding.problem
    assert not finding.passed


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("sgd", {"learning_rate": {"use": "constant", "value": 0.5}}),
        ("partition", {"groups": [{"name": "all", "optimizer": {"use": "sgd", "learning_rate": 0.5}}]}),
        ("sam", {"optimizer": {"use": "sgd", "learning_rate": 0.5}, "rho": 0.0}),
    ],
)
def test_factors_act_on_every_rate(name, values):
    task = diagnostics()["diagnostic_scale"]
    plain, other = (Descent(task, optimizer("sgd", learning_rate=rate)) for rate in (0.5, 0.05))
    inside = Descent(task, optimizer(name, **values))

    assert inside.rated
    np.testing.assert_allclose(inside.figure(0), plain.figure(0), rtol=1e-6)
    np.testing.assert_allclose(inside.figure(0, factor=0.1), other.figure(0), rtol=1e-6)


def test_factors_begin_with_the_rate_that_was_given():
    assert FACTORS[0] == 1.0
    assert (min(FACTORS), max(FACTORS)) == (0.01, 1000.0)


def test_memory_of_a_delay_is_of_sixteen_steps():
    task = registry.get("tasks", "diagnostic_delay")().create()
    task.build(seed=0)
    gradients = []
    for step in range(18):
        with tf.GradientTape() as tape:
            loss = task.loss(*task.batch(tf.constant(step, tf.int64), 1, 0))
        (gradient,) = tape.gradient(loss, task.variables)
        gradients.append(gradient.numpy())
        task.weights.assign_add(tf.ones_like(task.weights))

    assert all((each == gradients[0]).all() for each in gradients[:17])
    np.testing.assert_allclose(gradients[17] - gradients[0], task.curvature, rtol=1e-4)
