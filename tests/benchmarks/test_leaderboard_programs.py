"""A program that is compiled once gives the curves of plain configs, of any seed and numbers."""

import itertools

import pytest

from benchmarks.leaderboard.__main__ import RUNS
from benchmarks.leaderboard.programs import Program, Seeds, program
from benchmarks.leaderboard.protocol import Protocol, Workload
from benchmarks.leaderboard.records import Records
from benchmarks.leaderboard.rows import Row
from benchmarks.leaderboard.templates import split
from optiplug_lab.config import TrainConfig
from optiplug_lab.trial import trial

PROTOCOL = Protocol.read()
WORKLOAD = Workload(
    task={"use": "logistic"},
    figure="loss",
    higher_is_better=False,
    batch_size=32,
    steps=40,
    evaluate_every=10,
)

SLOW = ("muon", "schedule_free_adamw")  # each compiles two programs


@pytest.fixture(scope="module")
def seeds():
    return Seeds(WORKLOAD)


@pytest.mark.parametrize("name", ["adamw", *(pytest.param(each, marks=pytest.mark.slow) for each in SLOW)])
def test_curves_are_those_of_a_trial(name, seeds):
    row = Row.read(name)
    first, second = row.points(2, seed=3)
    plain = row.plain(second, WORKLOAD.steps)
    template, columns = split(row.optimizer, plain)
    others, other_columns = split(row.optimizer, row.plain(first, 20))
    assert template == others
    made = Program(template, seeds, 60)
    list(made.run(1, other_columns, 20))  # leaves variables, state and numbers of another run
    config = TrainConfig(
        task=WORKLOAD.task, optimizer=plain, steps=40, batch_size=32, seed=2, evaluate_every=10
    )
    points, expected = list(made.run(2, columns, 40)), list(trial(config))
    assert [each.step for each in points] == [each.step for each in expected]
    figures = [each.figures["loss"] for each in expected]
    assert [each.figure for each in points] == pytest.approx(figures, rel=1e-5)
    assert [each.loss for each in points[1:]] == pytest.approx([each.loss for each in expected[1:]], rel=1e-5)
    assert made.optimizer.trace_count == 1


@pytest.mark.slow  # compiles a program for each workload
@pytest.mark.parametrize("name", PROTOCOL.workloads)
def test_recorded_runs_are_what_they_were(name):
    workload, row = PROTOCOL.workloads[name], Row.read("adamw")
    record = Records(RUNS, PROTOCOL.version).of("adamw")[name, "search", 0, 0]
    made, columns = program(workload, row.optimizer, row.plain(record.values, record.steps), record.steps)
    points = itertools.islice(made.run(record.seed, columns, record.steps), 4)
    # Whoever changes a task, its data or a row's formula sees it here: the protocol needs another version.
    assert [each.figure for each in points] == pytest.approx(record.curve[:4], rel=1e-3)
