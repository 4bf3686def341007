"""What is left of a run of a comparison, and what is told while runs go on."""

from __future__ import annotations

import math

import pytest

from optiplug_compare.outcome import Moment, Outcome, Pace, record_of
from optiplug_compare.plan import Plan, PlannedRun
from optiplug_compare.progress import Bars, Lines
from optiplug_compare.records import Figure

METRICS = "step,loss,gradient_norm,test_accuracy\n0,,,0.1\n1,2.0,1.0,\n2,nan,1.0,0.5\n3,0.5,1.0,0.7\n"


@pytest.fixture
def planned(tmp_path):
    (tmp_path / "runs/it").mkdir(parents=True)
    return PlannedRun(row="sgd", seed=4, folder="runs/it", config={"evaluate_every": 2})


@pytest.fixture
def plan(planned):
    return Plan(
        title="one",
        task={"use": "digits"},
        figure=Figure(name="accuracy"),
        steps=3,
        batch_size=2,
        threads=1,
        rows=[],
        runs=[planned],
    )


def test_the_pace_of_a_run_goes_on_from_its_checkpoint(planned, tmp_path):
    folder = tmp_path / planned.folder
    pace = Pace(folder, 0)
    for step in (0, 2, 4):
        pace.add(Moment(step=step, figures={"accuracy": step / 10}, seconds=(0.1, 0.3)))
    path = folder / "pace.jsonl"
    path.write_text(path.read_text() + '{"step": 6, "fig')

    again = Pace(folder, 2)

    assert again.last == 2
    again.add(Moment(step=4, figures={"accuracy": math.nan}))
    assert [line[:9] for line in path.read_text().splitlines()] == ['{"step":0', '{"step":2', '{"step":4']


def test_a_record_is_made_of_what_there_is(planned, tmp_path):
    folder = tmp_path / planned.folder
    assert record_of(planned, tmp_path).ended == "running"
    (folder / "metrics.csv").write_text(METRICS)
    Pace(folder, 0).add(Moment(step=2, figures={"accuracy": 0.9}, seconds=(0.1, 0.2, 0.6)))
    Outcome(ended="diverged", problem="the training loss was nan").write(folder)

    record = record_of(planned, tmp_path)

    assert (record.seed, record.ended, record.problem) == (4, "diverged", "the training loss was nan")
    assert math.isnan(record.losses[0][1])
    assert record.losses[1] == (3, 0.5)
    # Of averages, where there are any.
    assert record.figures == {"accuracy": ((0, 0.1), (2, 0.9), (3, 0.7))}
    assert (record.ms_per_step, round(record.seconds, 3)) == (200, 0.9)
    assert record.final == {}


@pytest.mark.parametrize("quiet", [False, True])
def test_lines_tell_how_runs_ended(planned, plan, tmp_path, capsys, quiet):
    with Lines(plan, tmp_path, quiet=quiet) as lines:
        lines.hear(0, {"event": "step", "run": planned.folder, "step": 1})
        lines.hear(0, {"event": "died", "run": planned.folder, "problem": "its process was lost"})
        Outcome(ended="done").write(tmp_path / planned.folder)
        lines.hear(0, {"event": "ended", "run": planned.folder, "ended": "done", "problem": ""})
        for _ in range(2):
            lines.hear(0, {"event": "claimed", "run": planned.folder, "problem": "claimed by\x1b[2J"})

    told = [line.split(" ", 2)[2] for line in capsys.readouterr().err.splitlines()]
    wrong = ["runs/it: its process was lost, another goes on", "waiting: claimed by\\x1b[2J"]
    assert told == (wrong if quiet else [wrong[0], "1/1 runs/it done", wrong[1]])


def test_bars_tell_what_each_worker_does(planned, plan, tmp_path, capsys):
    with Bars(plan, tmp_path) as bars:
        bars.hear(0, {"event": "step", "run": planned.folder, "step": 2})
        shown = {task.description: task.completed for task in bars.bars.tasks}
        assert shown == {"runs": 0, "it": 2}
        Outcome(ended="failed", problem="no").write(tmp_path / planned.folder)
        bars.hear(0, {"event": "ended", "run": planned.folder, "ended": "failed", "problem": "no"})
        bars.hear(0, {"event": "waits"})
        shown = {task.description: task.completed for task in bars.bars.tasks}
        assert shown == {"runs": 1, "waiting for others": 0}

    assert "1/1 runs/it failed: no" in capsys.readouterr().err
