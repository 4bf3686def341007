"""Runs on a full or read-only disk, without a reader, and ended by a signal: one line, and no step lost."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from support.full_disks import WITHOUT_MOUNTS, on_a_small_disk

COMMAND = [sys.executable, "-m", "optiplug.cli", "train"]
BECOME = """
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)  # the first one that the leader of a session opens is its own
for number in range(3):
    os.dup2(terminal, number)
os.execv(sys.argv[2], sys.argv[2:])
"""
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


@pytest.mark.skipif(bool(WITHOUT_MOUNTS), reason=WITHOUT_MOUNTS)
def test_a_run_survives_a_full_and_a_read_only_disk(tmp_path, file):
    train, disk = " ".join(COMMAND), tmp_path / "disk"
    done = on_a_small_disk(
        disk,
        "90k",
        f"""
        {train} {file} --quiet --run-dir {disk}/run; echo full $?
        mount -o remount,size=9m {disk}
        {train} --resume {disk}/run --quiet; echo resumed $?
        mount -o remount,ro {disk}
        {train} --resume {disk}/run --quiet; echo read-only $?
        {train} {file} --quiet --run-dir {disk}/new; echo new $?
        cp {disk}/run/metrics.csv {tmp_path}
        """,
    )
    said = done.stderr.splitlines()

    assert done.stdout.splitlines() == ["full 1", "resumed 0", "read-only 1", "new 2"], done.stderr
    assert "No space left on device. Hint: make room on the disk." in said[0]
    assert said[0].endswith(f"`optiplug train --resume {disk}/run` goes on from the last saved step.")
    assert said[1] == f"{disk}/run/.lock: Read-only file system. Hint: write to another place."
    assert "Traceback" not in done.stderr
    numbers = [line.partition(",")[0] for line in (tmp_path / "metrics.csv").read_text().splitlines()]
    assert numbers == ["step", *map(str, range(301))]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_saves_and_ends(tmp_path, file, number):
    run = tmp_path / "run"
    arguments = [*COMMAND, file, "--set", "steps=1000000", "--json", "--run-dir", run]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if json.loads(line)["event"] == "progress":
                break
        process.send_signal(number)
        asked = time.monotonic()
        *_, last = process.stdout
        seconds = time.monotonic() - asked
        said = process.stderr.read().splitlines()
    step = json.loads(last)["step"]

    assert json.loads(last)["event"] == "interrupted"
    assert process.returncode == 128 + number
    assert said[-1] == f"Saved after {step} steps. `optiplug train --resume {run}` goes on."
    assert (run / "checkpoints" / f"step-{step:08d}" / "manifest.json").exists()
    assert (run / "metrics.csv").read_text().splitlines()[-1].startswith(f"{step},")
    # That of a step of milliseconds, and of the machine of the tests, which may be busy.
    assert seconds < 30


def test_a_terminal_that_is_closed_saves_and_ends(tmp_path, file):
    run = tmp_path / "run"
    # A process of its own becomes that of the terminal: this one has threads, and must not fork.
    terminal, other = pty.openpty()
    become = [sys.executable, "-c", BECOME, os.ttyname(other), *COMMAND]
    arguments = [*become, str(file), "--set", "steps=1000000", "--run-dir", str(run)]
    with subprocess.Popen(arguments, start_new_session=True) as process:
        shown = b""
        while b"steps/s" not in shown:
            shown += os.read(terminal, 4096)
        os.close(other)
        os.close(terminal)
    (*_, newest) = sorted(path.name for path in (run / "checkpoints").glob("step-*"))

    assert process.returncode in (128 + signal.SIGHUP, -signal.SIGHUP)
    assert (run / "metrics.csv").read_text().splitlines()[-1].startswith(f"{int(newest[5:])},")


def test_a_run_goes_on_without_a_reader(tmp_path, file):
    run = tmp_path / "run"
    command = (
        f"{' '.join(COMMAND)} {file} --quiet --json --run-dir {run} | head -n 1; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["event"] == "started"
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
