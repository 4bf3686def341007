from __future__ import annotations

import numpy as np
import pytest

from optiplug import StateError
from optiplug_lab.metrics import Metrics, read_metrics


class Later:
    """Values that are still on their way."""

    def __init__(self, *values):
        self.values = values

    def numpy(self):
        return np.array(self.values, np.float32)


def started(path):
    metrics = Metrics(path, ("loss", "rate"))
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


def test_resume_drops_later_rows_and_a_row_cut_in_two(tmp_path):
    path = tmp_path / "metrics.csv"
    metrics = started(path)
    for step in (1, 2, 3):
        metrics.add(step, Later(step, 0.1))
    metrics.flush()
    path.write_text(path.read_text() + "4,0.")
    again = Metrics(path, ("loss", "rate"))
    again.resume(2)
    again.add(3, Later(30, 0.1))
    again.flush()

    assert path.read_text().splitlines()[1:] == ["0,,,0.25", "1,1.0,0.1,", "2,2.0,0.1,", "3,30.0,0.1,"]


@pytest.mark.parametrize("text", [None, "", "step,loss\nx,1\n"])
def test_resume_without_usable_metrics(tmp_path, text):
    path = tmp_path / "metrics.csv"
    if text is not None:
        path.write_text(text)

    with pytest.raises(StateError, match="the metrics cannot be read"):
        Metrics(path, ("loss",)).resume(2)
