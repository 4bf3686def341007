"""`optiplug train --local-workers`: what the others do when one is lost, and that no process is left."""

from __future__ import annotations

import json
import os
import re
import signal
import time

import pytest

from support.train_processes import LOST, Training, cluster, config, finished, newest, saved

LONG = ("--set", "steps=1000000")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("signals_heard")]


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def begun(tmp_path, run):
    """Start two workers that would train for hours."""
    return lambda *arguments: Training(
        config(tmp_path), "--run-dir", run, "--local-workers", 2, *LONG, *arguments
    )


def lost(training, run, place, number):
    """Send a signal to a worker, and return what the command says when it has ended because of that."""
    workers = training.steps(run, 4)
    os.kill(workers[place], number)
    lost_at = time.monotonic()
    code, _, said = training.end(LOST)
    seconds = time.monotonic() - lost_at
    training.gone()

    assert (code, seconds < LOST) == (1, True)
    command = f"`optiplug train --resume {run} --local-workers 2` goes on"
    assert f"{command} from the last saved step, {newest(run)}." in said
    assert "Traceback" not in said
    survivor = (run / "workers" / f"worker-{1 - place}.log").read_text()
    assert re.search(rf"worker {place} \(127\.0\.0\.1:\d+\) has ended, or does not answer", survivor)
    assert f"{command} from the last saved step, " in survivor
    return said


# Either worker may be killed or stopped: what the other one does is in test_train_workers.py. This command
# sees one of each, and tests/faults kills either of its workers.
def test_a_chief_that_is_stopped_ends_the_run(run, begun):
    with begun("--quiet") as training:
        said = lost(training, run, 0, signal.SIGSTOP)

    assert "worker 0 was stopped, so the run has ended." in said


def test_where_one_was_killed_fewer_go_on(run, begun):
    with begun("--quiet") as training:
        said = lost(training, run, 1, signal.SIGKILL)
    assert "worker 1 was ended by SIGKILL, so the run has ended." in said
    step = newest(run)
    steps = f"steps={step + 6}"
    with Training("--resume", run, "--local-workers", 1, "--set", steps, "--quiet") as fewer:
        code, _, said = fewer.end()
        fewer.gone()

    assert code == 0, said
    assert f"After step {step}: replicas was 2, is 1" in said
    rows = (run / "metrics.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == ["step", *map(str, range(step + 7))]


# That all hear of a signal to the chief alone is in test_train_workers.py.
@pytest.mark.parametrize("who", ["command", "worker"])
def test_a_signal_ends_all_after_one_step(run, begun, who):
    with begun("--json", "--quiet") as training:
        workers = training.steps(run, 4)
        os.kill({"command": training.process.pid, "worker": workers[1]}[who], signal.SIGTERM)
        code, out, said = training.end()
        training.gone()
    last = json.loads(out.splitlines()[-1])
    asked = {"command": ("worker 0", "worker 1", "worker 0 and worker 1"), "worker": ("worker 1",)}[who]

    assert (code, last["event"]) == (128 + signal.SIGTERM, "interrupted"), said
    assert last["step"] == newest(run)
    assert any(f"{name} had SIGTERM: all end after step {newest(run)}." in said for name in asked)
    going_on = f"`optiplug train --resume {run} --local-workers 2` goes on."
    assert said.splitlines()[-1] == f"Saved after {newest(run)} steps. {going_on}"
    assert f"all end after step {newest(run)}." in (run / "workers" / "worker-1.log").read_text()


def test_workers_end_with_their_command_even_if_stopped(run, begun):
    with begun("--quiet") as training:
        workers = training.steps(run, 4)
        os.kill(workers[1], signal.SIGSTOP)
        training.process.kill()
        training.process.wait()
        training.gone()

    assert f"all end after step {newest(run)}." in (run / "workers" / "worker-0.log").read_text()


def test_what_one_worker_is_refused_all_are(tmp_path, run):
    with cluster(tmp_path, (config(tmp_path), "--run-dir", run, *LONG)) as (first,):
        saved(run, 2, first)
        with Training("--resume", run, "--local-workers", 2) as second:
            code, _, said = second.end()
            second.gone()
        assert code == 1
        assert "claimed by process" in said
        assert first.returncode is None


def test_a_run_of_other_inputs_is_refused_once(tmp_path, run):
    finished(tmp_path, config(tmp_path, steps=2), "--run-dir", run, "--quiet")
    with Training("--resume", run, "--local-workers", 2, "--set", "seed=4", "--quiet") as second:
        code, _, said = second.end()
        second.gone()

    assert (code, said.count("the run has other inputs: config")) == (5, 1), said
    assert "worker 0: " in (run / "workers" / "worker-1.log").read_text()


def test_a_run_that_cannot_begin_leaves_no_folder(tmp_path, run):
    path = config(tmp_path)
    (tmp_path / "text.txt").unlink()
    with Training(path, "--run-dir", run, "--local-workers", 2) as training:
        code, _, said = training.end()
        training.gone()

    assert code != 0
    assert "text.txt" in said
    assert not run.exists()
