"""Two processes of a MultiWorkerMirroredStrategy do what one does with the whole batch."""

from __future__ import annotations

import pytest

from support import worker_matrix, worker_scenarios
from support.worker_matrix import (
    CALLS,
    CONFIGS,
    MODES,
    WINDOWS,
    Run,
    alone,
    assert_close,
    batches,
    every_call,
)


@pytest.mark.parametrize("config", worker_scenarios.QUICK)
def test_workers_do_what_one_process_does(config, two_workers):
    first, second = (each[config] for each in two_workers("matrix"))
    assert first == second
    assert_close(first, worker_matrix.train(alone(), config, "graph"))


@pytest.fixture(scope="module")
def all_of_it(in_cluster):
    names = ["full_matrix", "in_single"]
    return in_cluster(worker_scenarios.__name__, names, {"worker": 2}, deadline=500, name="full")


@pytest.mark.slow
def test_every_mode_of_every_config(all_of_it):
    first, second = all_of_it("full_matrix")
    assert first == second
    for config in CONFIGS:
        expected = worker_matrix.train(alone(), config, "graph")
        for mode in MODES:
            assert_close(first[f"{config} {mode}"], expected)


@pytest.mark.slow
def test_single_precision_differs_by_rounding(all_of_it):
    # Sums over workers are in another order: reversing a batch in one process gives 1.3e-6.
    first, second = all_of_it("in_single")
    assert first == second
    assert_close(first, worker_matrix.train(alone(), "full", "graph", "float32"), 5e-6)


def test_small_variables_come_joined(two_workers):
    for counts in two_workers("packs"):
        assert counts == {"states": 602, "created": 12, "packs": 10}


def test_counters_are_numbers(two_workers):
    assert two_workers("numbers") == [[2, 0.05, [2, 0.05]]] * 2


def test_another_config_is_named_on_every_worker(two_workers):
    first, second = two_workers("other_config")
    assert first["text"] == second["text"]
    assert first["class"] == "DifferentWorkersError"
    assert "sgd: build: the workers build different optimizers" in first["text"]
    assert any(
        line.split()[0] == "worker" and line.split()[3:] == ["config.global_clipnorm", "1.0", "null"]
        for line in first["text"].splitlines()
    )
    assert max(first["seconds"], second["seconds"]) < 10


def test_another_order_of_variables_is_named(two_workers):
    first, second = two_workers("other_variables")
    assert first["text"] == second["text"]
    assert "variable bias" in first["text"]
    assert "3: float64 [6]" in first["text"]


@pytest.mark.parametrize("scenario", ["loaded_alone", "loaded_alone_in_a_graph"])
def test_state_that_one_worker_has_loaded_stops_all(scenario, two_workers):
    first, second = two_workers(scenario)
    assert first["class"] == second["class"] == "DifferentWorkersError"
    assert first["text"] == second["text"]
    assert "iterations" in first["text"]
    assert "load the same checkpoint on every worker" in first["text"]
    # Before the step, on both.
    assert [first["iterations"], second["iterations"]] == [5, 0]


def test_a_load_on_all_workers_goes_on_in_a_traced_step(two_workers):
    assert two_workers("loaded_late") == [[6, 1]] * 2


@pytest.mark.parametrize("scenario", ["restored", "restored_from_one"])
def test_what_one_has_saved_all_restore(scenario, two_workers):
    first, second = two_workers(scenario)
    assert first == second
    assert_close(first, worker_matrix.train(alone(), "full", "graph"))


def test_one_process_goes_on_from_two_workers(two_workers):
    run = Run(alone(), "full")
    run.checkpoint.read(two_workers("saved_by_the_chief")[0])
    values = run.train(batches(broken=True)[CALLS // 2 :]).values()
    assert_close(values, worker_matrix.train(alone(), "full", "graph"))


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_are_what_one_process_does(name, two_workers):
    first, second = (each[name] for each in two_workers("windows"))
    assert first == second
    one = Run(alone(), every_call(WINDOWS[name])).train(worker_scenarios.windowed(name))
    assert_close(first, one.values())


def test_what_is_held_in_a_window_is_saved_by_all(two_workers):
    first, second = two_workers("windows_saved")
    assert "what each worker holds back of its own can only be read by all" in first["refused"]
    assert "no call of worker 1" in first["refused"]
    expected = Run(alone(), every_call(WINDOWS["plain"])).train(batches()).values()
    for each in (first, second):
        assert_close(each["values"], expected)
        run = Run(alone(), every_call(WINDOWS["plain"]))
        run.checkpoint.read(each["path"])
        assert_close(run.train(batches()[worker_scenarios.HALF - 1 :]).values(), expected)
    for each in two_workers("windows_restored"):
        assert_close(each, expected)


def test_a_worker_that_does_not_build_is_named(two_workers):
    first, second = two_workers("built_alone")
    assert first["class"] == second["class"] == "LostWorkerError"
    assert [each.split(" (")[0] for each in first["workers"]] == ["worker 1"]
    assert [each.split(" (")[0] for each in second["workers"]] == ["worker 0"]
    assert "did not come here within 1 s" in first["text"]
    assert first["seconds"] < 20
