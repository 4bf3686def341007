"""`optiplug train` by several workers: what it refuses before it starts, and that they train as one."""

from __future__ import annotations

import json
import re
import signal
import time

import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from support.train_processes import LOST, PATIENCE, cluster, config, finished, newest, saved


def train(monkeypatch, *arguments, workers=None):
    """Run the command in this process, which it leaves before TensorFlow is asked for anything."""
    if workers is None:
        monkeypatch.delenv("TF_CONFIG", raising=False)
    else:
        monkeypatch.setenv("TF_CONFIG", workers)
    argv = ["train", *map(str, arguments)]
    done = CliRunner(env={"COLUMNS": "200"}).invoke(application(argv), argv)
    return done.exit_code, done.stderr


def of(count, index=0):
    addresses = [f"127.0.0.1:{port}" for port in range(1, count + 1)]
    return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})


@pytest.mark.parametrize(
    ("arguments", "workers", "refused"),
    [
        ([], None, (3, "strategy: needs TF_CONFIG, which is not set")),
        ([], "{", (2, "TF_CONFIG: must be JSON")),
        ([], of(2, 5), (2, "TF_CONFIG.task.index: must be a place among the 2")),
        (["--local-workers", 2], of(2), (2, "cannot be combined with TF_CONFIG")),
        (["--local-workers", 0], None, (2, "--local-workers")),
        (["--set", "strategy=none"], of(2), (3, "strategy: must be `multi_worker` for 2 workers")),
        (["--set", "strategy=none", "--local-workers", 2], None, (3, "do without `--local-workers`")),
        (["--local-workers", 3], None, (3, "batch_size: must be divisible by the number of workers, 3")),
        ([], of(5, 1), (3, "batch_size: must be divisible by the number of workers, 5")),
    ],
)
def test_what_does_not_fit_the_workers(tmp_path, monkeypatch, arguments, workers, refused):
    monkeypatch.chdir(tmp_path)
    code, said = train(monkeypatch, config(tmp_path), *arguments, workers=workers)

    assert (code, refused[1] in said) == (refused[0], True), said
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_workers_with_different_configs_all_end(tmp_path):
    files = [config(tmp_path), config(tmp_path, name="other.yaml")]
    files[1].write_text(files[1].read_text().replace("seed: 3", "seed: 4"))

    with cluster(tmp_path, *((file, "--run-dir", tmp_path / "run") for file in files)) as workers:
        assert all(each.wait(PATIENCE) for each in workers)

    for file, worker in zip(files, workers, strict=True):
        where = f"{file}:12:7: seed"
        rule = "must be the same on all workers, and is 3 on worker 0, 4 on worker 1"
        assert (worker.returncode, f"{where}: {rule}" in worker.stderr) == (3, True), worker.stderr
    assert not (tmp_path / "run").exists()


@pytest.fixture
def training(tmp_path):
    """Two workers that would train for hours, and have saved a step."""
    run = tmp_path / "run"
    arguments = config(tmp_path), "--run-dir", run, "--set", "steps=1000000", "--json", "--quiet"
    with cluster(tmp_path, arguments, arguments) as workers:
        saved(run, 4, *workers)
        yield run, workers


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
@pytest.mark.parametrize("place", [0, 1], ids=["chief", "worker"])
def test_the_loss_of_a_worker_ends_the_other(training, place, number):
    run, workers = training
    lost_at = time.monotonic()
    workers[place].send(number)
    survivor = workers[1 - place]
    assert survivor.wait(LOST)

    assert (survivor.returncode, time.monotonic() - lost_at < LOST) == (1, True)
    named = rf"worker {place} \(127\.0\.0\.1:\d+\) has ended, or does not answer"
    assert re.search(named, survivor.stderr), survivor.stderr
    going_on = f"`optiplug train --resume {run}` on every worker goes on from the last saved step, "
    assert re.search(re.escape(going_on) + r"\d+\.$", survivor.stderr, re.MULTILINE)
    assert "Traceback" not in survivor.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("signals_heard")
def test_a_signal_to_the_chief_ends_all_after_one_step(training):
    run, (chief, other) = training
    chief.send(signal.SIGTERM)
    assert chief.wait(PATIENCE)
    assert other.wait(PATIENCE)
    last = json.loads(chief.stdout.splitlines()[-1])

    assert [chief.returncode, other.returncode] == [128 + signal.SIGTERM] * 2
    assert (last["event"], last["step"]) == ("interrupted", newest(run))
    heard = f"worker 0 had SIGTERM: all end after step {newest(run)}."
    assert heard in chief.stderr
    assert heard in other.stderr
    going_on = f"`optiplug train --resume {run}` on every worker goes on."
    assert chief.stderr.splitlines()[-1] == f"Saved after {newest(run)} steps. {going_on}"


@pytest.mark.slow
def test_workers_save_what_each_has_a_part_of(tmp_path):
    path = config(tmp_path, steps=4)
    # With variables that are large enough to be shared.
    path.write_text(path.read_text().replace("context: 4, hidden: 8", "context: 16, hidden: 128"))
    run, whole = tmp_path / "run", tmp_path / "whole"
    # The last step of the first part is evaluated in any case.
    path.write_text(path.read_text().replace("evaluate_every: 50", "evaluate_every: 2"))
    finished(tmp_path, path, "--run-dir", whole, "--set", "steps=6", "--quiet")
    finished(tmp_path, path, "--run-dir", run, "--set", "optimizer.sharded_state=true", "--quiet")
    finished(tmp_path, "--resume", run, "--set", "steps=6", "--quiet")

    assert (run / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()


@pytest.mark.slow
def test_workers_save_what_each_holds_back(tmp_path):
    """A checkpoint in the middle of the calls of a step has the sum, with which one worker goes on."""
    path, late = config(tmp_path, steps=4), tmp_path / "late.yaml"
    path.write_text(path.read_text().replace("evaluate_every: 50", "evaluate_every: 2"))
    late.write_text(path.read_text().replace("steps: 3}", "steps: 3, sum_over_replicas: last_call}"))
    run, whole = tmp_path / "run", tmp_path / "whole"
    finished(tmp_path, path, "--run-dir", whole, "--set", "steps=6", "--quiet")
    finished(tmp_path, late, "--run-dir", run, "--quiet")
    finished(tmp_path, "--resume", run, "--set", "steps=6", "--quiet", workers=1)

    ours, theirs = (
        [row.split(",") for row in (each / "metrics.csv").read_text().splitlines()] for each in (run, whole)
    )
    assert ours[0] == theirs[0]
    assert len(ours) == len(theirs) == 8
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        assert [float(each or 0) for each in one] == pytest.approx(
            [float(each or 0) for each in other], rel=1e-5
        )
