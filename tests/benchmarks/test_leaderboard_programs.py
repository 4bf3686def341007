"""A program that is compiled once gives the curves of plain configs, of any seed and numbers."""

import pytest

from benchmarks.leaderboard.programs import Program, Seeds
from benchmarks.leaderboard.protocol import Workload
from benchmarks.leaderboard.rows import Row
from benchmarks.leaderboard.templates import split
from optiplug_lab.config import TrainConfig
from optiplug_lab.trial import trial

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
    program = Program(template, seeds, 60)
    list(program.run(1, other_columns, 20))  # leaves variables, state and numbers of another run
    config = TrainConfig(
        task=WORKLOAD.task, optimizer=plain, steps=40, batch_size=32, seed=2, evaluate_every=10
    )
    points, expected = list(program.run(2, columns, 40)), list(trial(config))
    assert [each.step for each in points] == [each.step for each in expected]
    figures = [each.figures["loss"] for each in expected]
    assert [each.figure for each in points] == pytest.approx(figures, rel=1e-5)
    assert [each.loss for each in points[1:]] == pytest.approx([each.loss for each in expected[1:]], rel=1e-5)
    assert program.optimizer.trace_count == 1
