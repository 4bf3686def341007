"""`optiplug train --local-workers`: what the others do when one is lost, and that no process is left."""

from __future__ import annotations

import json
import os
import re
import signal
import time

import pytest

from support.train_processes import LOST, Training, config

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


def newest(run):
    return max(int(path.name.partition("-")[2]) for path in run.glob("checkpoints/step-*"))


@pytest.mark.parametrize(
    ("number", "lost", "event"),
    [
        (signal.SIGKILL, 1, "worker 1 was ended by SIGKILL"),
        (signal.SIGKILL, 0, "worker 0 was ended by SIGKILL"),
        (signal.SIGSTOP, 1, "worker 1 was stopped"),
        (signal.SIGSTOP, 0, "worker 0 was stopped"),
    ],
    ids=["killed", "chief killed", "stopped", "chief stopped"],
)
def test_the_loss_of_a_worker_ends_the_run(run, begun, number, lost, event):
    with begun("--quiet") as training:
        workers = training.steps(run, 4)
        os.kill(workers[lost], number)
        lost_at = time.monotonic()
        code, _, said = training.end(LOST)
        seconds = time.monotonic() - lost_at
        training.gone()

    assert (code, seconds < LOST) == (1, True)
    command = f"`optiplug train --resume {run} --local-workers 2` goes on"
    assert f"{event}, so the run has ended." in said
    assert f"{command} from the last saved step, {newest(run)}." in said
    assert "Traceback" not in said
    survivor = (run / "workers" / f"worker-{1 - lost}.log").read_text()
    assert re.search(rf"worker {lost} \(127\.0\.0\.1:\d+\) has ended, or does not answer", survivor)
    assert f"{command} from the last saved step, " in survivor


@pytest.mark.parametrize("who", ["command", "chief", "worker"])
def test_a_signal_ends_all_after_one_step(run, begun, who):
    with begun("--json", "--quiet") as training:
        workers = training.steps(run, 4)
        pids = {"command": training.process.pid, "chief": workers[0], "worker": workers[1]}
        os.kill(pids[who], signal.SIGTERM)
        code, out, said = training.end()
        training.gone()
    last = json.loads(out.splitlines()[-1])
    asked = {"command": ("worker 0", "worker 1"), "chief": ("worker 0",), "worker": ("worker 1",)}[who]

    assert (code, last["event"]) == (128 + signal.SIGTERM, "interrupted"), said
    assert last["step"] == newest(run)
    assert any(f"{name} had SIGTERM: all end after step {newest(run)}." in said for name in asked) or (
        f"worker 0 and worker 1 had SIGTERM: all end after step {newest(run)}." in said
    )
    going_on = f"`optiplug train --resume {run} --local-workers 2` goes on."
    assert said.splitlines()[-1] == f"Saved after {newest(run)} steps. {going_on}"
    assert f"all end after step {newest(run)}." in (run / "workers" / "worker-1.log").read_text()


def test_workers_end_with_the_command_that_was_killed(run, begun):
    with begun("--quiet") as training:
        training.steps(run, 4)
        training.process.kill()
        training.process.wait()
        training.gone()

    assert f"all end after step {newest(run)}." in (run / "workers" / "worker-0.log").read_text()


def test_a_worker_that_is_stopped_ends_with_its_command(run, begun):
    with begun("--quiet") as training:
        workers = training.steps(run, 4)
        os.kill(workers[1], signal.SIGSTOP)
        training.process.kill()
        training.process.wait()
        training.gone()


def test_what_one_worker_is_refused_all_are(tmp_path, run):
    with Training(config(tmp_path), "--run-dir", run, "--local-workers", 2, *LONG) as first:
        first.steps(run, 2)
        with Training("--resume", run, "--local-workers", 2) as second:
            code, _, said = second.end()
            second.gone()
        assert code == 1
        assert "claimed by process" in said
        assert first.process.poll() is None


def test_a_run_of_other_inputs_is_refused_once(tmp_path, run):
    with Training(config(tmp_path, steps=2), "--run-dir", run, "--local-workers", 2, "--quiet") as first:
        assert first.end()[0] == 0
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


def test_fewer_workers_go_on_where_more_have_ended(tmp_path, run, begun):
    with begun("--quiet") as training:
        os.kill(training.steps(run, 4)[1], signal.SIGKILL)
        training.end(LOST)
    step = newest(run)
    steps = f"steps={step + 6}"
    with Training("--resume", run, "--local-workers", 1, "--set", steps, "--quiet") as fewer:
        code, _, said = fewer.end()
        fewer.gone()

    assert code == 0, said
    assert f"After step {step}: replicas was 2, is 1" in said
    rows = (run / "metrics.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == ["step", *map(str, range(step + 7))]


def test_workers_save_what_each_has_a_part_of(tmp_path, run):
    path = config(tmp_path, steps=4)
    # With variables that are large enough to be shared.
    path.write_text(path.read_text().replace("context: 4, hidden: 8", "context: 16, hidden: 128"))
    whole, sharded = tmp_path / "whole", ("--set", "optimizer.sharded_state=true")
    # The last step of the first part is evaluated in any case.
    path.write_text(path.read_text().replace("evaluate_every: 50", "evaluate_every: 2"))
    trainings = {
        whole: [(path, "--run-dir", whole, "--set", "steps=6")],
        run: [(path, "--run-dir", run, *sharded), ("--resume", run, "--set", "steps=6")],
    }
    for each in trainings[whole] + trainings[run]:
        with Training(*each, "--local-workers", 2, "--quiet") as training:
            code, _, said = training.end()
            training.gone()
        assert code == 0, said

    assert (run / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()


@pytest.mark.slow
def test_workers_save_what_each_holds_back(tmp_path, run):
    """A checkpoint in the middle of the calls of a step has the sum, with which one worker goes on."""
    path, late = config(tmp_path, steps=4), tmp_path / "late.yaml"
    path.write_text(path.read_text().replace("evaluate_every: 50", "evaluate_every: 2"))
    late.write_text(path.read_text().replace("steps: 3}", "steps: 3, sum_over_replicas: last_call}"))
    whole = tmp_path / "whole"
    for each in (
        (path, "--run-dir", whole, "--set", "steps=6", "--local-workers", 2),
        (late, "--run-dir", run, "--local-workers", 2),
        ("--resume", run, "--set", "steps=6", "--local-workers", 1),
    ):
        with Training(*each, "--quiet") as training:
            code, _, said = training.end()
            training.gone()
        assert code == 0, said

    ours, theirs = (
        [row.split(",") for row in (each / "metrics.csv").read_text().splitlines()] for each in (run, whole)
    )
    assert ours[0] == theirs[0]
    assert len(ours) == len(theirs) == 8
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        assert [float(each or 0) for each in one] == pytest.approx(
            [float(each or 0) for each in other], rel=1e-5
        )
