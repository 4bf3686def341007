"""Runs of several workers: the numbers of one process, and what one of them does alone."""

from __future__ import annotations

import re

import numpy as np
import pytest

from optiplug import registry
from support import worker_runs
from support.workers import run

FLOAT64 = 1e-12


@pytest.fixture
def alone(tmp_path):
    """Train in this process, and return what `worker_runs.trained` returns."""
    yield lambda **arguments: worker_runs.trained(str(tmp_path / "alone"), **arguments)
    registry.unregister("tasks", "regression")


def of_workers(folder, tasks, **arguments):
    return run("support.worker_runs:trained", tasks, folder, run=str(folder / "run"), **arguments)


def assert_same(one, other):
    assert one["iterations"] == other["iterations"]
    values = [[*each["weights"].values(), *each["state"]] for each in (one, other)]
    for mine, its in zip(*values, strict=True):
        np.testing.assert_allclose(mine, its, rtol=FLOAT64, atol=FLOAT64)


def test_two_workers_train_as_one(tmp_path, alone):
    # One example of the second worker is not finite in step 3.
    changes = {"task": {"use": "regression", "bad_step": 3}}
    chief, other = of_workers(tmp_path, {"worker": 2}, **changes)

    assert chief["devices"] == ["worker 0: CPU:0", "worker 1: CPU:0"]
    assert_same(chief, alone(**changes))
    assert (other["weights"], other["state"]) == (chief["weights"], chief["state"])
    assert chief["iterations"] == 3
    assert chief["heard"] == other["heard"] == [2500, 5000]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "checkpoints",
        "config.yaml",
        "curves.png",
        "events",
        "metrics.csv",
        "result.json",
        "weights.npz",
    ]
    rows = [(tmp_path / each / "metrics.csv").read_text().splitlines() for each in ("run", "alone")]
    assert [row.split(",")[0] for row in rows[0]] == [row.split(",")[0] for row in rows[1]]


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_workers(tmp_path, alone):
    of_workers(tmp_path, {"worker": 2}, steps=4)
    chief, *_ = of_workers(tmp_path, {"chief": 1, "worker": 2}, steps=8, resume=True)
    (last,) = of_workers(tmp_path, {"worker": 1}, steps=12, resume=True)

    assert (chief["first"], last["first"]) == (4, 8)
    assert chief["said"] == ["After step 4: replicas was 2, is 3"]
    assert last["said"] == ["After step 8: replicas was 3, is 1"]
    assert_same(last, alone(steps=12))


@pytest.mark.slow
def test_an_error_on_one_worker_leaves_none_a_step_ahead(tmp_path):
    changes = {
        "task": {"use": "regression", "fails_in": 5},
        "optimizer": {"use": "sgd", "jit_compile": False},
    }
    chief, other = run(
        "support.worker_runs:failed", {"worker": 2}, tmp_path, run=str(tmp_path / "run"), **changes
    )

    assert other["told"][0] == "InvalidArgumentError"
    assert "as it must" in other["told"][1]
    assert chief["told"][0] == "LostWorkerError"
    assert (chief["iterations"], other["iterations"]) == (5, 5)
    # Which the chief may still have been writing.
    assert re.search(r"on every worker goes on from the last saved step, [24]\.$", other["told"][2])
