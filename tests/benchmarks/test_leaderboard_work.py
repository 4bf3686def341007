"""The leaderboard of a small protocol, computed in earnest: an impostor gets no better than it is."""

import math
import os
import signal
import subprocess
import sys
import time

import pytest

import optiplug
from benchmarks.leaderboard.lines import lines_of
from benchmarks.leaderboard.plan import Job, Plan
from benchmarks.leaderboard.protocol import Protocol
from benchmarks.leaderboard.records import Records
from benchmarks.leaderboard.rows import Row
from benchmarks.leaderboard.score import board
from benchmarks.leaderboard.targets import frozen
from benchmarks.leaderboard.work import work
from optiplug import hookimpl
from support.forks import begin
from support.leaderboards import worker

PROTOCOL = """
version: 1
reference: adamw
workloads:
  logistic:
    task: {use: logistic}
    figure: loss
    higher_is_better: false
    batch_size: 32
    steps: 80
    evaluate_every: 10
targets: {rows: [adamw, descent], trials: 4, seed: 1, repeats: [2, 3, 4], share: 0.5}
tuned: {trials: 4, seeds: [5, 6, 7]}
fixed: {seeds: [8, 9], share: 1.5}
"""
ADAMW = """
about: {about}
optimizer: {{use: adamw, learning_rate: {{search: log, low: 3e-3, high: 3e-2}}, weight_decay: 0.01}}
"""
DESCENT = """
about: {about}
optimizer: {{use: sgd, learning_rate: {{search: log, low: 1e-3, high: 1e-2}}{more}}}
"""
SCRIPT = """
import sys
from pathlib import Path
from benchmarks.leaderboard.work import compute
if __name__ == "__main__":
    compute(Path(sys.argv[1]), ["adamw", "twin"], 2, *map(Path, sys.argv[2:]))
"""
ROWS = ("adamw", "descent", "flipped", "twin", "unknown")


class FlipForTest:
    @hookimpl
    def clip(self, gradients, step):
        return [-gradient for gradient in gradients]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaderboard")
    rows, protocol = folder / "rows", folder / "protocol.yaml"
    rows.mkdir()
    protocol.write_text(PROTOCOL)
    (rows / "adamw.yaml").write_text(ADAMW.format(about="the reference"))
    (rows / "twin.yaml").write_text(ADAMW.format(about="the same by another name"))
    (rows / "descent.yaml").write_text(DESCENT.format(about="descent", more=""))
    (rows / "flipped.yaml").write_text(DESCENT.format(about="ascent", more=", processors: [flip_for_test]"))
    return folder / "runs", protocol, rows


@pytest.fixture(scope="module")
def done(files):
    runs, protocol, rows = files
    optiplug.register(FlipForTest, name="flip_for_test")
    assert not work(runs, ROWS[:-1], protocol, rows)
    yield board(Protocol.read(protocol), runs, ROWS)
    optiplug.registry.unregister("processors", "flip_for_test")


def test_a_duplicate_of_the_reference_scores_as_it_does(done):
    scores = {score.row: score for score in done.tuned}
    assert scores["adamw"].speed_up == scores["twin"].speed_up == 1
    assert not scores["twin"].p_value < 1
    assert math.isfinite(scores["adamw"].steps["logistic"])


def test_an_optimizer_that_climbs_ends_last(done):
    for scores in (done.tuned, done.fixed):
        run = [score for score in scores if score.steps]
        assert run[-1].row == "flipped"
        assert run[-1].steps == {"logistic": math.inf}
        assert run[-1].speed_up == 0
        assert run[-1].profile == 0
        assert run[-1].reached == 0


def test_what_was_not_run_has_no_score(done):
    score = next(score for score in done.tuned if score.row == "unknown")
    assert score.steps == {}
    assert math.isnan(score.speed_up)
    assert done.tuned[-1] is score


def test_the_target_is_the_median_of_the_baselines(done, files):
    target = frozen(done.protocol, files[0])["logistic"]
    assert set(target.medians) == {"adamw", "descent"}
    assert target.value == pytest.approx(sum(target.medians.values()) / 2, rel=1e-5)
    assert done.targets["logistic"] == target


def test_runs_end_where_the_rest_is_not_needed(done):
    workload, target = done.protocol.workloads["logistic"], done.targets["logistic"].value
    for row in ("adamw", "flipped"):
        for record in done.records[row]:
            evaluations = record.steps // workload.evaluate_every
            if record.stage == "tuned" and record.steps_to(workload, target) < math.inf:
                assert record.ended == "target"
                assert workload.evaluate_every * (len(record.curve) - 1) == record.steps_to(workload, target)
            else:
                assert (record.ended, len(record.curve)) == ("budget", evaluations + 1)


def test_records_are_small_and_nothing_is_left(done, files):
    runs, protocol, rows = files
    assert max(map(len, (runs / "adamw.jsonl").read_text().splitlines())) < 1000
    before = {path: path.read_bytes() for path in runs.glob("*.json*")}
    assert not work(runs, ROWS[:-1], protocol, rows)
    assert {path: path.read_bytes() for path in runs.glob("*.json*")} == before


def test_a_row_that_was_changed_is_refused(done, files):
    runs, protocol, _ = files
    rules, row = Protocol.read(protocol), Row.read("twin", files[2])
    changed = Row(name="twin", about=row.about, optimizer=row.optimizer | {"weight_decay": 0.02})
    plan = Plan(rules, Records(runs, rules.version), [changed])
    with pytest.raises(ValueError, match=r"twin is not what it was .*twin\.jsonl"):
        list(plan.left(Job("twin", "logistic", "tuned")))


def test_a_run_that_fails_is_told(done, files, tmp_path):
    runs, protocol, rows = files
    broken = tmp_path / "broken.yaml"
    broken.write_text(
        DESCENT.format(about="no such variable", more=", processors: [{use: freeze, only: [none]}]")
    )
    for path in rows.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text())
    assert not work(runs, ["broken"], protocol, tmp_path)
    found = list(Records(runs, 1).of("broken").values())
    assert {record.ended for record in found} == {"failed"}
    assert "none" in found[0].problem
    score = next(
        each for each in board(Protocol.read(protocol), runs, [*ROWS, "broken"]).tuned if each.row == "broken"
    )
    assert score.steps == {"logistic": math.inf}


def killed_after(records, runs, begun):
    """Kill processes that have begun when they have written so many records."""
    deadline = time.monotonic() + 300
    try:
        while sum(len(list(lines_of(path))) for path in runs.glob("*.jsonl")) < records:
            assert time.monotonic() < deadline
            assert [each.returncode for each in begun] == [None] * len(begun), begun[0].stderr
            time.sleep(0.02)
    finally:
        for each in begun:
            each.send(signal.SIGKILL)
            each.wait()


@pytest.mark.slow  # starts TensorFlow in two processes
def test_killed_at_any_time_each_run_is_there_once(files, done, tmp_path):
    _, protocol, rows = files
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    runs = tmp_path / "runs"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for wanted in (2, 12):
        given = {"folder": tmp_path, "environment": environment, "out": tmp_path / "out"}
        begun = [
            begin(worker, runs, ["adamw", "twin"], protocol, rows, err=tmp_path / f"err{number}", **given)
            for number in range(2)
        ]
        killed_after(wanted, runs, begun)
    arguments = [sys.executable, str(script), str(runs), str(protocol), str(rows)]
    subprocess.run(arguments, env=environment, check=True, timeout=240)
    for row in ("adamw", "twin", "descent"):
        found = Records(runs, 1).of(row)
        assert len(list(lines_of(runs / f"{row}.jsonl"))) == len(found)
        expected = {record.key: record.curve for record in done.records[row]}
        for key, record in found.items():
            assert record.curve == pytest.approx(expected[key], rel=1e-5)
        assert row == "descent" or set(found) == set(expected)
