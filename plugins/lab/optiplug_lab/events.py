"""Event files of TensorBoard: the rows of metrics.csv once more, for another reader."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

__all__ = ["Events"]


class Events:
    """Writes an event for each step into a new file in `folder`; what was there before is dropped.

    The files can be written without TensorBoard: each record is a public message of TensorFlow.
    """

    def __init__(self, folder: Path) -> None:
        # The rows before those of a continued run are added again, without those that were lost.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._writer = tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{time.time():.0f}.optiplug"))
        self._write(tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2"))

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Add the figures of a step."""
        values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=value) for tag, value in figures.items()]
        summary = tf.compat.v1.Summary(value=values)
        self._write(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary))

    def flush(self) -> None:
        """Let others read what was added."""
        self._writer.flush()

    def _write(self, event: tf.compat.v1.Event) -> None:
        self._writer.write(event.SerializeToString())
