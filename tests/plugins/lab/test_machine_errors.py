"""Runs on a full or read-only disk, without a reader, and ended by a signal: one line, and no step lost."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from support.forks import command
from support.full_disks import WITHOUT_MOUNTS
from support.small_disks import SmallDisk
from support.terminals import in_terminal
from support.train_processes import newest, until

COMMAND = [sys.executable, "-m", "optiplug.cli", "train"]
RUN = """
command: train
task: {use: chars, context: 4, hidden: 8}
optimizer: {use: sgd, learning_rate: 0.1, jit_compile: false}
steps: 300
batch_size: 8
log_every: 5
evaluate_every: 100
checkpoint_every: 50
"""

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("signals_heard")]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(RUN)
    return path


@pytest.fixture
def started():
    """Take processes, none of which outlives the test."""
    forks = []
    yield lambda fork: forks.append(fork) or fork
    for fork in forks:
        with suppress(ProcessLookupError):
            fork.send(signal.SIGKILL)
        fork.wait()


@pytest.mark.skipif(bool(WITHOUT_MOUNTS), reason=WITHOUT_MOUNTS)
def test_a_run_survives_a_full_and_a_read_only_disk(tmp_path, file):
    disk = tmp_path / "disk"
    with SmallDisk(disk, "90k") as small:

        def train(*arguments):
            done = small.optiplug("train", *arguments, "--quiet", folder=tmp_path)
            said.append(done.stderr)
            return done.returncode

        said = []
        assert train(file, "--run-dir", disk / "run") == 1
        small.remount("size=9m")
        assert train("--resume", disk / "run") == 0
        small.remount("ro")
        assert train("--resume", disk / "run") == 1
        assert train(file, "--run-dir", disk / "new") == 2
        small.shell(f"cp {disk}/run/metrics.csv {tmp_path}")
    full, resumed, read_only, new = said

    assert "No space left on device. Hint: make room on the disk." in full
    assert full.endswith(f"`optiplug train --resume {disk}/run` goes on from the last saved step.\n")
    assert len(full.splitlines()) == 1
    assert resumed == ""
    assert read_only == f"{disk}/run/.lock: Read-only file system. Hint: write to another place.\n"
    assert "Traceback" not in new
    numbers = [line.partition(",")[0] for line in (tmp_path / "metrics.csv").read_text().splitlines()]
    assert numbers == ["step", *map(str, range(301))]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_saves_and_ends(tmp_path, file, started, number):
    run = tmp_path / "run"
    arguments = ("train", file, "--set", "steps=1000000", "--json", "--run-dir", run)
    process = started(command(*arguments, folder=tmp_path))
    until(lambda: '"progress"' in process.stdout or process.returncode is not None, "a line of progress")
    process.send(number)
    # A step takes milliseconds, and the machine of the tests may be busy.
    assert process.wait(30), "the signal is not heard"
    *_, last = process.stdout.splitlines()
    said = process.stderr.splitlines()
    step = json.loads(last)["step"]

    assert json.loads(last)["event"] == "interrupted"
    assert process.returncode == 128 + number
    assert said[-1] == f"Saved after {step} steps. `optiplug train --resume {run}` goes on."
    assert (run / "checkpoints" / f"step-{step:08d}" / "manifest.json").exists()
    assert (run / "metrics.csv").read_text().splitlines()[-1].startswith(f"{step},")


def test_a_terminal_that_is_closed_saves_and_ends(tmp_path, file, started):
    run = tmp_path / "run"
    terminal, other = pty.openpty()
    arguments = ("train", file, "--set", "steps=1000000", "--run-dir", run)
    process = started(in_terminal(os.ttyname(other), *arguments, folder=tmp_path))
    shown = b""
    while b"steps/s" not in shown:
        shown += os.read(terminal, 4096)
    os.close(other)
    os.close(terminal)
    assert process.wait(30), "the end of the terminal is not heard"

    assert process.returncode in (128 + signal.SIGHUP, -signal.SIGHUP)
    assert (run / "metrics.csv").read_text().splitlines()[-1].startswith(f"{newest(run)},")


def test_a_run_goes_on_without_a_reader(tmp_path, file, started):
    run = tmp_path / "run"
    os.mkfifo(tmp_path / "out")
    reader = os.open(tmp_path / "out", os.O_RDONLY | os.O_NONBLOCK)
    process = started(command("train", file, "--quiet", "--json", "--run-dir", run, folder=tmp_path))
    os.set_blocking(reader, True)
    first, *_ = os.read(reader, 4096).splitlines()
    os.close(reader)
    assert process.wait(120)

    assert (process.returncode, process.stderr) == (1, "")
    assert json.loads(first)["event"] == "started"
    assert json.loads((run / "result.json").read_text())["steps"] == 300


def test_a_signal_before_the_first_step_leaves_nothing(tmp_path, file):
    with subprocess.Popen([*COMMAND, file, "--run-dir", tmp_path / "run"], stderr=subprocess.PIPE) as process:
        while not (tmp_path / "run" / ".lock").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
        said = process.stderr.read()

    assert process.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in said
    assert not (tmp_path / "run").exists()
