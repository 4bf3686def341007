"""Records outlive what ends the process that writes them."""

import math

import pytest
from pydantic import ValidationError

from benchmarks.leaderboard.protocol import Workload
from benchmarks.leaderboard.records import Record, Records

LOSS = Workload(
    task={"use": "digits"}, figure="loss", higher_is_better=False, batch_size=1, steps=40, evaluate_every=10
)
ACCURACY = LOSS.model_copy(update={"higher_is_better": True})


def record(trial, curve=(1.0, 0.5), protocol=1):
    return Record(
        protocol=protocol,
        row="adamw",
        digest="0" * 8,
        workload="digits",
        stage="search",
        study=0,
        trial=trial,
        seed=3,
        values={"learning_rate": 0.1},
        steps=40,
        ended="budget",
        curve=curve,
        seconds=0.5,
    )


def test_what_was_added_is_read(tmp_path):
    records = Records(tmp_path, 1)
    first, second = record(0, (1.0, math.nan)), record(1)
    records.add(first)
    records.add(second)
    found = Records(tmp_path, 1).of("adamw")
    assert list(found) == [first.key, second.key]
    assert found[second.key] == second
    assert math.isnan(found[first.key].curve[1])
    assert Records(tmp_path, 2).of("adamw") == {}
    assert records.of("muon") == {}


@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_line_that_was_cut_is_left_out(tmp_path, kept):
    records, path = Records(tmp_path, 1), tmp_path / "adamw.jsonl"
    records.add(record(0))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:kept])
    assert list(records.of("adamw").values()) == [record(0)]
    records.add(record(1))
    assert list(records.of("adamw").values()) == [record(0), record(1)]


def test_what_is_no_record_is_refused(tmp_path):
    (tmp_path / "adamw.jsonl").write_text('{"protocol": 1}\n')
    with pytest.raises(ValidationError):
        Records(tmp_path, 1).of("adamw")


def test_steps_and_best_go_by_the_figure():
    run = record(0, (1.0, 0.5, 0.4, 0.6, math.nan))
    assert run.steps_to(LOSS, 0.5) == 10
    assert run.steps_to(LOSS, 0.3) == math.inf
    assert run.best(LOSS) == 0.4
    assert run.best(ACCURACY) == 1.0
    assert run.steps_to(ACCURACY, 1.0) == 0
    assert math.isnan(record(0, (math.nan,)).best(LOSS))
