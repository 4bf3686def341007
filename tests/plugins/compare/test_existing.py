"""Runs that there are already, compared."""

from __future__ import annotations

import json
import math

import pytest

import optiplug
from optiplug_compare.existing import compared_runs, grouped, read_runs
from optiplug_compare.records import Comparison, Figure
from optiplug_lab.config import TrainConfig
from optiplug_lab.folder import RunFolder

METRICS = "step,loss,gradient_norm,test_accuracy\n0,,,0.1\n1,2.0,1.0,\n2,1.0,1.0,0.5\n3,0.5,1.0,0.7\n"


def run(folder, *, optimizer="sgd", seed=0, task=None, final=0.7, steps=3, **fields):
    """Write what a run leaves."""
    folder.mkdir()
    config = TrainConfig(
        task=task or {"use": "digits"},
        optimizer={"use": optimizer, **fields},
        steps=steps,
        seed=seed,
        evaluate_every=2,
        versions={"optiplug-core": "9"},
    )
    RunFolder(folder).record(config)
    (folder / "metrics.csv").write_text(METRICS)
    if final is not None:
        result = {"final": {"accuracy": final}, "steps_per_second": 4.0}
        (folder / "result.json").write_text(json.dumps(result))
    return folder


def test_rows_are_optimizers_and_runs_are_seeds(tmp_path):
    paths = [run(tmp_path / f"sgd-{seed}", seed=seed, final=0.6 + seed / 10) for seed in (1, 0)]
    paths += [
        run(tmp_path / f"lion-{seed}", optimizer="lion", seed=seed, final=0.5 + seed) for seed in (0, 1)
    ]
    paths += [run(tmp_path / "fast", learning_rate=0.5, final=None)]
    runs = read_runs(paths)
    sizes = {name: {"parameters": 10, "state_bytes": 40} for name in grouped(runs)}

    found = compared_runs(runs, Figure(name="", higher_is_better=True), sizes)

    assert Comparison.model_validate_json(found.model_dump_json()).rows == found.rows
    assert [row.name for row in found.rows] == ["sgd-1", "lion", "fast"]
    first, _, last = found.rows
    assert [each.seed for each in first.runs] == [0, 1]
    assert first.runs[0].losses == ((2, 1.5), (3, 0.5))
    assert first.runs[0].figures == {"accuracy": ((0, 0.1), (2, 0.5), (3, 0.7))}
    assert (first.runs[0].ms_per_step, first.runs[0].seconds) == (250, 0.5)
    assert (last.runs[0].ended, last.runs[0].final) == ("running", {})
    assert found.figure.name == "accuracy"
    assert found.versions == {"optiplug-core": "9"}
    pairs = {(each.first, each.second): each for each in found.pairs}
    assert pairs["sgd-1", "lion"].difference == pytest.approx(-0.35)
    assert math.isnan(pairs["sgd-1", "fast"].p_value)


def test_runs_that_cannot_be_compared_are_refused(tmp_path):
    first = run(tmp_path / "first")
    others = {
        "task": run(tmp_path / "task", seed=1, task={"use": "chars"}),
        "steps": run(tmp_path / "steps", seed=1, steps=4),
        "is a run of the optimizer and the seed of": run(tmp_path / "again"),
    }

    for text, other in others.items():
        with pytest.raises(optiplug.ConfigError, match=text) as caught:
            read_runs([first, other])
        assert str(other) in str(caught.value)
        assert str(first) in str(caught.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(optiplug.StateError, match="there is no run in this folder"):
        read_runs([first, tmp_path / "empty"])


def test_a_damaged_result_is_told(tmp_path):
    path = run(tmp_path / "first")
    (path / "result.json").write_text("{")

    with pytest.raises(optiplug.StateError, match=r"result\.json"):
        read_runs([path])
