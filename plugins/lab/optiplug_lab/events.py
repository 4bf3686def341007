"""Event files of TensorBoard: the rows of metrics.csv once more, for another reader."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from optiplug.checkpoint.files import fsync_file, fsync_folder, remove_drafts

__all__ = ["Events", "read_events"]

_FILES = "events.out.tfevents.*.optiplug"


class Events:
    """Writes an event for each step into a new file in `folder`.

    `rows`, by step, are what a run that goes on had before. They take the place of the event files that are
    there, which may have later ones: as one file, complete before any other is removed.

    The files can be written without TensorBoard: each record is a public message of TensorFlow.
    """

    def __init__(self, folder: Path, rows: Mapping[int, Mapping[str, float]] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        remove_drafts(folder)
        # TensorBoard reads the files of a folder in the order of their names.
        name = _FILES.replace("*", f"{time.time():.0f}.{{}}")
        before = folder / name.format(0)
        if rows:
            draft = folder / f".events-{os.getpid()}-0.draft"
            with _new_file(draft) as writer:
                for step, figures in rows.items():
                    _write(writer, step, figures)
            fsync_file(draft)
            draft.replace(before)
            fsync_folder(folder)
        for path in folder.glob(_FILES):
            if not rows or path != before:
                path.unlink()
        self._writer = _new_file(folder / name.format(1))

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Add the figures of a step."""
        _write(self._writer, step, figures)

    def flush(self) -> None:
        """Let others read what was added."""
        self._writer.flush()


def read_events(folder: Path) -> dict[int, dict[str, float]]:
    """Return the figures by step of the event files in a folder, as far as they are whole."""
    figures: dict[int, dict[str, float]] = {}
    # TensorFlow would wait for the other end of a pipe.
    for path in sorted(each for each in folder.glob(_FILES) if each.is_file()):
        try:
            for record in tf.data.TFRecordDataset(str(path)):
                event = tf.compat.v1.Event.FromString(record.numpy())
                if event.WhichOneof("what") == "summary":
                    figures[event.step] = {each.tag: each.simple_value for each in event.summary.value}
        except tf.errors.DataLossError:  # of a process that was killed while it wrote
            continue
    return figures


def _new_file(path: Path) -> tf.io.TFRecordWriter:
    writer = tf.io.TFRecordWriter(str(path))
    event = tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2")
    writer.write(event.SerializeToString())
    return writer


def _write(writer: tf.io.TFRecordWriter, step: int, figures: Mapping[str, float]) -> None:
    values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=value) for tag, value in figures.items()]
    summary = tf.compat.v1.Summary(value=values)
    event = tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary)
    writer.write(event.SerializeToString())
