from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest
import tensorflow as tf

from optiplug_lab.events import Events, read_events
from support.full_disks import limited_file_size


@contextlib.contextmanager
def tensorboard(folder):
    """A server of TensorBoard in a process of its own; its address."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", "0"]
    with subprocess.Popen([*command, "--host", "127.0.0.1"], stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = []
            for line in process.stderr:
                lines.append(line)
                if address := re.search(r"http://127\.0\.0\.1:\d+/", line):
                    yield address[0]
                    return
            pytest.fail("".join(lines))
        finally:
            process.kill()


def asked(address, until=60):
    """What the server answers, once it has read the folder."""
    deadline = time.monotonic() + until
    while not (answer := json.load(urlopen(address))):  # noqa: S310  # our own server
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return answer


@pytest.mark.slow
def test_tensorboard_shows_what_was_added(tmp_path):
    first = Events(tmp_path / "run" / "events")
    first.add(9, {"loss": 9.0})
    first.flush()
    events = Events(tmp_path / "run" / "events")
    for step in (1, 2):
        events.add(step, {"loss": step / 2, "learning_rate/rest": 0.25})
    events.flush()

    with tensorboard(tmp_path) as address:
        scalars = f"{address}data/plugin/scalars"
        tags = asked(f"{scalars}/tags")
        points = asked(f"{scalars}/scalars?run=run/events&tag=loss")
    assert {run: set(each) for run, each in tags.items()} == {"run/events": {"loss", "learning_rate/rest"}}
    assert [point[1:] for point in points] == [[1, 0.5], [2, 1.0]]


def test_what_is_whole_of_a_cut_file_is_read(tmp_path):
    events = Events(tmp_path)
    for step in (0, 1, 2):
        events.add(step, {"loss": step / 2})
    events.flush()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-5])

    assert read_events(tmp_path) == {0: {"loss": 0.0}, 1: {"loss": 0.5}}


def test_new_files_take_the_place_of_old_ones_alone(tmp_path):
    for number in (1, 2):
        (tmp_path / f"events.out.tfevents.{number}.optiplug").touch()
    (tmp_path / "events.out.tfevents.1.other").touch()
    (tmp_path / ".events-1-0.draft").touch()
    (tmp_path / "profile").mkdir()
    events = Events(tmp_path, {0: {"loss": 0.5}})
    events.add(1, {"loss": 0.25})
    events.flush()
    names = sorted(path.name for path in tmp_path.iterdir())

    assert names[0] == "events.out.tfevents.1.other"
    assert [name.rpartition(".")[0][-1] for name in names[1:3]] == ["0", "1"]
    assert names[3:] == ["profile"]
    assert read_events(tmp_path) == {0: {"loss": 0.5}, 1: {"loss": 0.25}}


def test_a_full_disk_leaves_the_old_events(tmp_path):
    Events(tmp_path, {0: {"loss": 0.5}})
    before = read_events(tmp_path)
    with limited_file_size(1000), pytest.raises(tf.errors.OpError):
        Events(tmp_path, {step: {"loss": 0.5} for step in range(5000)})

    assert read_events(tmp_path) == before
