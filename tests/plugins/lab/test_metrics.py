from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

from optiplug import StateError
from optiplug_lab.events import Events, read_events
from optiplug_lab.metrics import Metrics
from optiplug_lab.rows import read_metrics
from support.full_disks import limited_file_size


class Later:
    """Values that are still on their way."""

    def __init__(self, *values):
        self.values = values

    def numpy(self):
        return np.array(self.values, np.float32)


def started(path, other="rate"):
    metrics = Metrics(path, ("loss", other), path.parent / "events")
    metrics.start({"accuracy": 0.25})
    return metrics


def test_rows_are_written_in_blocks_with_the_shortest_numbers(tmp_path):
    path = tmp_path / "metrics.csv"
    metrics = started(path)
    metrics.add(1, Later(0.1, 1e-7))
    metrics.add(2, Later(np.nan, 1 / 3))
    metrics.evaluated(2, {"accuracy": 0.9})
    before = path.read_text()
    metrics.flush()

    assert before.splitlines() == ["step,loss,rate,test_accuracy", "0,,,0.25"]
    assert path.read_text().splitlines()[2:] == ["1,0.1,1e-07,", "2,nan,0.33333334,0.9"]
    assert metrics.latest["rate"] == np.float32(1 / 3)


def test_read_gives_each_column_its_own_steps(tmp_path):
    metrics = started(tmp_path / "metrics.csv")
    metrics.add(1, Later(0.5, 0.1))
    metrics.flush()
    columns = read_metrics(tmp_path / "metrics.csv")

    assert columns == {"loss": [(1, 0.5)], "rate": [(1, 0.1)], "test_accuracy": [(0, 0.25)]}


def run(path, steps=3, loss=0.25, commit_at=2):
    """A file of so many steps; what a checkpoint keeps of it at one of them."""
    metrics, committed = started(path), None
    for step in range(1, steps + 1):
        metrics.add(step, Later(step * loss, 0.1))
        if step == 2:
            metrics.evaluated(step, {"accuracy": 0.5})
        if step == commit_at:
            committed = metrics.commit()
    metrics.flush()
    return committed


def resumed(path, committed, step=2, **options):
    metrics = Metrics(path, ("loss", "rate"), path.parent / "events")
    metrics.resume(step, committed, **options)
    return metrics


def test_resume_drops_later_rows_and_a_row_cut_in_two(tmp_path):
    path = tmp_path / "metrics.csv"
    committed = run(path)
    path.write_bytes(path.read_bytes() + b"4,0.")
    again = resumed(path, committed)
    again.add(3, Later(30, 0.1))
    again.flush()

    assert path.read_text().splitlines()[1:] == ["0,,,0.25", "1,0.25,0.1,", "2,0.5,0.1,0.5", "3,30.0,0.1,"]


def test_a_resumed_run_commits_as_one_that_went_on(tmp_path):
    whole, stopped = tmp_path / "whole" / "metrics.csv", tmp_path / "stopped" / "metrics.csv"
    for path in (whole, stopped):
        path.parent.mkdir()
    expected = run(whole, commit_at=3)
    again = resumed(stopped, run(stopped))
    again.add(3, Later(0.75, 0.1))

    assert again.commit() == expected
    assert stopped.read_bytes() == whole.read_bytes()


HEAD, *ROWS = b"step,loss,rate,test_accuracy\r\n|0,,,0.25\r\n|1,0.25,0.1,\r\n|2,0.5,0.1,0.5\r\n".split(b"|")
DAMAGES = {
    "absent": (None, "it cannot be read: No such file or directory"),
    "empty": ([], "its columns are none"),
    "binary": ([HEAD, b"\xff\x00"], "it cannot be read: 'utf-8' codec"),
    "other columns": ([b"step,loss\r\n", *ROWS], "its columns are step, loss, and not those of this run"),
    "head only": ([HEAD], "the rows of steps 0 to 2 are missing"),
    "last missing": ([HEAD, *ROWS[:2]], "the rows of step 2 are missing"),
    "first missing": ([HEAD, *ROWS[1:]], "the rows of step 0 are missing"),
    "one missing": ([HEAD, ROWS[0], ROWS[2]], "the rows of step 1 are missing"),
    "doubled": ([HEAD, *ROWS[:2], *ROWS[1:]], "the row of step 1 is there twice"),
    "swapped": ([HEAD, ROWS[0], ROWS[2], ROWS[1]], "the rows of step 1 are missing"),
    "cut": ([HEAD, *ROWS[:2], b"2,0."], "line 4 is no whole row"),
    "cut in a number": ([HEAD, *ROWS[:2], b"2,0.5,0.1,0"], "its rows up to step 2 are not those"),
    "many digits": ([HEAD, ROWS[0], b"9" * 5_000 + b",0.25,0.1,\r\n", ROWS[2]], "line 3 is no whole row"),
    "no step": ([HEAD, ROWS[0], b"x,0.25,0.1,\r\n", ROWS[2]], "line 3 is no whole row"),
    "another run": ([HEAD, ROWS[0], b"1,0.26,0.1,\r\n", ROWS[2]], "its rows up to step 2 are not those"),
}


@pytest.fixture(params=DAMAGES)
def damaged(request, tmp_path):
    """A file that is not as it was written; what it held, what is committed, what is wrong with it."""
    path = tmp_path / "metrics.csv"
    committed, before = run(path), path.read_bytes()
    parts, problem = DAMAGES[request.param]
    assert before.startswith(b"".join([HEAD, *ROWS]))
    if parts is None:
        path.unlink()
    else:
        path.write_bytes(b"".join(parts))
    return path, committed, problem


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_other_rows_than_those_of_the_run_are_refused(damaged):
    path, committed, problem = damaged
    before = everything(path.parent)

    with pytest.raises(StateError, match=re.escape(f"metrics.csv: {problem}")) as caught:
        resumed(path, committed)
    assert "--rebuild-metrics" in caught.value.hint
    assert everything(path.parent) == before


def test_rows_are_rebuilt_from_the_event_files(damaged):
    path, committed, _ = damaged
    resumed(path, committed, rebuild=True)

    assert path.read_bytes() == b"".join([HEAD, *ROWS])


def test_what_is_lost_is_said(tmp_path):
    path = tmp_path / "metrics.csv"
    committed = run(path)
    path.unlink()
    Events(tmp_path / "events", {0: {"test_accuracy": 0.25}, 2: {"loss": 0.5}})
    with pytest.raises(StateError, match="cannot be rebuilt: no event file has the rows of step 1"):
        resumed(path, committed, rebuild=True)

    Events(tmp_path / "events", {0: {"test_accuracy": 0.25}, 1: {"loss": 9}, 2: {"loss": 0.5}})
    with pytest.raises(StateError, match="the event files are not those that this run wrote"):
        resumed(path, committed, rebuild=True)
    assert not path.exists()


def test_rows_of_another_seed_are_refused(tmp_path):
    for name, loss in (("one", 0.25), ("other", 0.5)):
        (tmp_path / name).mkdir()
        run(tmp_path / name / "metrics.csv", loss=loss)
    committed = run(tmp_path / "one" / "metrics.csv")
    shutil.copy(tmp_path / "other" / "metrics.csv", tmp_path / "one")

    with pytest.raises(StateError, match="its rows up to step 2 are not those that this run wrote"):
        resumed(tmp_path / "one" / "metrics.csv", committed)


@pytest.mark.parametrize("committed", [{}, {"bytes": "9", "sha256": ""}, {"bytes": 9}])
def test_a_checkpoint_that_says_nothing_of_rows(tmp_path, committed):
    run(tmp_path / "metrics.csv")

    with pytest.raises(StateError, match="the checkpoint does not say which rows belong to it"):
        resumed(tmp_path / "metrics.csv", committed)


def test_a_full_disk_leaves_whole_rows(tmp_path, monkeypatch):
    path = tmp_path / "metrics.csv"
    metrics = started(path)
    before = path.read_bytes()
    metrics.add(1, Later(0.25, 0.1))
    with limited_file_size(len(before) + 5), pytest.raises(OSError, match="File too large"):
        metrics.flush()

    assert path.read_bytes() == before


def test_a_file_that_was_taken_away_is_not_begun_anew(tmp_path):
    metrics = started(tmp_path / "metrics.csv")
    (tmp_path / "metrics.csv").unlink()
    metrics.add(1, Later(0.25, 0.1))

    with pytest.raises(FileNotFoundError):
        metrics.flush()
    assert not (tmp_path / "metrics.csv").exists()


def test_what_is_not_known_is_left_empty_and_shown_as_it_was(tmp_path):
    path = tmp_path / "metrics.csv"
    metrics = started(path, "gradient_norm")
    for step, values in enumerate([(0.5, 0.25), (-0.75, -1), (-1, np.nan)], start=1):
        metrics.add(step, Later(*values))
    metrics.flush()

    assert path.read_text().splitlines()[2:] == ["1,0.5,0.25,", "2,-0.75,,", "3,-1.0,nan,"]


def test_the_latest_of_each_is_kept_in_the_order_of_the_columns(tmp_path):
    metrics = started(tmp_path / "metrics.csv", "gradient_norm")
    metrics.add(1, Later(0.5, 0.25))
    metrics.add(2, Later(0.75, -1))
    metrics.flush()

    assert list(metrics.latest.items()) == [("loss", 0.75), ("gradient_norm", 0.25), ("test_accuracy", 0.25)]


def test_event_files_hold_the_same_rows(tmp_path):
    metrics = started(tmp_path / "metrics.csv", "gradient_norm")
    for step in (1, 2, 3):
        metrics.add(step, Later(step, -1 if step == 2 else 0.5))
        if step == 2:
            committed = metrics.commit()
    metrics.flush()
    before = read_events(tmp_path / "events")
    again = Metrics(tmp_path / "metrics.csv", ("loss", "gradient_norm"), tmp_path / "events")
    again.resume(2, committed)

    rows = {0: {"test_accuracy": 0.25}, 1: {"loss": 1, "gradient_norm": 0.5}, 2: {"loss": 2}}
    assert before == {**rows, 3: {"loss": 3, "gradient_norm": 0.5}}
    assert read_events(tmp_path / "events") == rows
