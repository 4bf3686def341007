from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

from optiplug_lab.events import Events


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
