from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from optiplug import StateError
from optiplug_lab.metrics import Metrics, read_metrics


class Later:
    """Values that are still on their way."""

    def __init__(self, *values):
        self.values = values

    def numpy(self):
        return np.array(self.values, np.float32)


def events(folder):
    """The (step, figures) pairs of all event files in a folder."""
    pairs = []
    for path in sorted(folder.iterdir()):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            if event.WhichOneof("what") == "summary":
                pairs.append((event.step, {each.tag: each.simple_value for each in event.summary.value}))
    return pairs


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


def test_resume_drops_later_rows_and_a_row_cut_in_two(tmp_path):
    path = tmp_path / "metrics.csv"
    metrics = started(path)
    for step in (1, 2, 3):
        metrics.add(step, Later(step, 0.1))
    metrics.flush()
    path.write_text(path.read_text() + "4,0.")
    again = Metrics(path, ("loss", "rate"), tmp_path / "events")
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
        Metrics(path, ("loss",), tmp_path / "events").resume(2)


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
    metrics.flush()
    before = events(tmp_path / "events")
    again = Metrics(tmp_path / "metrics.csv", ("loss", "gradient_norm"), tmp_path / "events")
    again.resume(2)

    rows = [(0, {"test_accuracy": 0.25}), (1, {"loss": 1, "gradient_norm": 0.5}), (2, {"loss": 2})]
    assert before == [*rows, (3, {"loss": 3, "gradient_norm": 0.5})]
    assert events(tmp_path / "events") == rows
