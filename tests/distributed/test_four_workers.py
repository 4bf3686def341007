"""Four processes of a MultiWorkerMirroredStrategy do what one does, and what they save fewer go on from."""

from __future__ import annotations

import shutil

import pytest

from support import worker_matrix, worker_scenarios
from support.worker_matrix import CALLS, Run, alone, assert_close, batches

SCENARIOS = ["every_config", "saved_by_the_chief", "restored", "restored_from_one"]


@pytest.fixture(scope="module")
def four(in_cluster):
    prepare = worker_scenarios.prepare
    return in_cluster(worker_scenarios.__name__, SCENARIOS, {"worker": 4}, deadline=400, prepare=prepare)


@pytest.mark.slow
@pytest.mark.parametrize("config", worker_scenarios.CELLS)
def test_workers_do_what_one_process_does(config, four):
    first, *others = (each[config] for each in four("every_config"))
    assert others == [first] * 3
    assert_close(first, worker_matrix.train(alone(), config, "graph"))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["restored", "restored_from_one"])
def test_what_one_has_saved_all_restore(scenario, four):
    first, *others = four(scenario)
    assert others == [first] * 3
    assert_close(first, worker_matrix.train(alone(), "full", "graph"))


@pytest.mark.slow
def test_two_workers_go_on_from_four(four, in_cluster):
    path = four("saved_by_the_chief")[0]

    def prepare(folder):
        for part in ("index", "data-00000-of-00001"):
            shutil.copy(f"{path}.{part}", folder / f"chief.{part}")

    two = in_cluster(worker_scenarios.__name__, ["restored"], {"worker": 2}, prepare=prepare, name="4to2")
    first, second = two("restored")
    assert first == second
    assert_close(first, worker_matrix.train(alone(), "full", "graph"))


@pytest.mark.slow
def test_one_process_goes_on_from_four(four):
    run = Run(alone(), "full")
    run.checkpoint.read(four("saved_by_the_chief")[0])
    values = run.train(batches(broken=True)[CALLS // 2 :]).values()
    assert_close(values, worker_matrix.train(alone(), "full", "graph"))
