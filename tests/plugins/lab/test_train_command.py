"""`optiplug train` in processes of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from support.forks import command
from support.project_paths import ROOT
from support.train_processes import newest, until

OPTIPLUG = Path(sys.executable).with_name("optiplug")
RUN = """
command: train
task: {use: digits, widths: [2, 4, 8]}
optimizer: {use: sgd, learning_rate: 0.05, momentum: 0.9, use_ema: true, jit_compile: false}
steps: 400
batch_size: 32
evaluate_every: 50
checkpoint_every: 20
strategy: {mirrored: 2}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(RUN)
    return path


def train(*arguments, folder):
    return optiplug("train", *arguments, folder=folder)


def optiplug(*arguments, folder):
    done = command(*arguments, folder=folder)
    assert done.wait(300)
    # Its files are those of the next one.
    return subprocess.CompletedProcess(arguments, done.returncode, done.stdout, done.stderr)


def killed(process, condition, what):
    """Kill a process as soon as something holds."""
    try:
        until(lambda: condition() or process.returncode is not None, what)
        assert process.returncode is None, process.stderr
    finally:
        with suppress(ProcessLookupError):
            process.send(signal.SIGKILL)
        process.wait()


@pytest.mark.slow
def test_errors_are_messages_with_an_exit_code(tmp_path, file):
    bad, unknown, full = tmp_path / "bad.yaml", tmp_path / "unknown.yaml", tmp_path / "full"
    bad.write_text(RUN.replace("0.9", "9.0"))
    unknown.write_text(RUN.replace("digits", "numbers"))
    optimizer, typo = tmp_path / "optimizer.yaml", tmp_path / "typo.yaml"
    optimizer.write_text("use: sgd\n")
    typo.write_text(RUN.replace("use_ema: true", "exclude_from_weight_decay: [bais]"))
    full.mkdir()
    (full / "notes.txt").touch()
    expected = {
        (): (2, "FILE"),
        (bad,): (3, "bad.yaml:4:54: optimizer.momentum: must be <= 1"),
        (unknown,): (4, "unknown.yaml:3:13: task.use"),
        (file, "--run-dir", full): (2, "the run folder must be new or"),
        (file, "--run-dir", file / "run"): (2, "the run folder cannot be made"),
        (file, "--set", "steps"): (2, "must be PATH=VALUE"),
        (file, "--set", "steps=0"): (3, "--set steps=0: steps: must be >= 1"),
        (optimizer,): (3, "optimizer.yaml:1:1: use: this is the config of an optimizer"),
        (typo,): (3, "typo.yaml:4:87: optimizer.exclude_from_weight_decay[0]: a pattern must match"),
        (file, "--resume", "nowhere"): (5, "there is no run folder"),
        (file, "--resume", full, "--run-dir", full): (2, "cannot be combined with --resume"),
        (file, "--allow-changed", "data"): (2, "needs --resume"),
        (file, "--rebuild-metrics"): (2, "needs --resume"),
        ("--resume", full, "--allow-changed", "data,seed"): (2, "and not 'seed'"),
        ("--resume", full): (5, "there is no run in this folder"),
    }

    for arguments, (code, text) in expected.items():
        result = train(*arguments, folder=tmp_path)
        assert (result.returncode, result.stdout) == (code, ""), result.stderr
        assert text in result.stderr
        assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()
    assert [path.name for path in full.iterdir()] == ["notes.txt"]


@pytest.mark.slow
def test_a_killed_run_is_resumed_and_a_damaged_one_refused(tmp_path, file):
    run, whole = tmp_path / "run", tmp_path / "whole"
    file.write_text(RUN.replace("jit_compile: false", "jit_compile: true").replace("400", "160"))
    process = command("train", file, "--run-dir", run, "--quiet", folder=tmp_path)
    killed(process, lambda: newest(run) >= 40, "step 40")
    assert not (run / "weights.npz").exists()
    for arguments, word in (["--resume", run], "taken over"), ([file, "--run-dir", whole], ""):
        result = train(*arguments, "--quiet", folder=tmp_path)
        assert (result.returncode, result.stdout) == (0, "")
        assert word in result.stderr if word else result.stderr == ""

    for name in (
        "metrics.csv",
        "weights.npz",
        "checkpoints/step-00000160/values.data-00000-of-00001",
    ):
        assert (run / name).read_bytes() == (whole / name).read_bytes()
    for path in whole.glob("checkpoints/step-*/values.index"):
        path.write_bytes(b"")
    result = train(file, "--resume", whole, folder=tmp_path)
    assert (result.returncode, result.stdout) == (5, "")
    assert "none of 2 saved steps is whole" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_a_run_has_one_writer(tmp_path, file):
    run = tmp_path / "run"
    arguments = ("train", file, "--run-dir", run, "--quiet", "--set", "steps=100000")
    first = command(*arguments, folder=tmp_path / "first")

    def refused():
        held = f"claimed by process {first.pid} on"
        for arguments in ([file, "--run-dir", run], ["--resume", run]):
            result = train(*arguments, folder=tmp_path)
            assert (result.returncode, result.stdout) == (1, "")
            assert held in result.stderr
        return True

    killed(first, lambda: newest(run) >= 0 and refused(), "a step")

    steps = newest(run) + 40
    arguments = ("train", "--resume", run, "--quiet", "--set", f"steps={steps}")
    both = [command(*arguments, folder=tmp_path / each) for each in ("one", "other")]
    assert all(process.wait(300) for process in both)
    assert sorted(process.returncode for process in both) == [0, 1]
    assert sorted("taken over" in process.stderr for process in both) == [False, True]
    assert sorted("claimed by process" in process.stderr for process in both) == [False, True]
    rows = (run / "metrics.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows[1:]] == [str(step) for step in range(steps + 1)]


@pytest.mark.slow
def test_one_that_was_killed_before_it_saved_starts_again(tmp_path, file):
    run = tmp_path / "run"
    # No row of a step is written in the seconds that this takes.
    file.write_text(RUN.replace("checkpoint_every: 20", "checkpoint_every: 400\nlog_every: 400"))
    process = command("train", file, "--run-dir", run, "--quiet", folder=tmp_path)
    killed(process, (run / "config.yaml").exists, "the config")
    shutil.rmtree(run / "checkpoints", ignore_errors=True)  # if it has come so far
    again = train(file, "--run-dir", run, folder=tmp_path)
    resumed = train("--resume", run, "--set", "steps=5", folder=tmp_path)

    assert again.returncode == 2
    assert "must be new or empty" in again.stderr
    assert resumed.returncode == 0, resumed.stderr
    assert "the run starts from step 0" in resumed.stderr
    assert len((run / "metrics.csv").read_text().splitlines()) == 7


@pytest.mark.slow
def test_the_example_learns_to_read_digits(tmp_path):
    arguments = [OPTIPLUG, "train", ROOT / "examples/digits.yaml"]
    result = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    (run,) = (tmp_path / "runs").iterdir()
    accuracy = next(line for line in result.stdout.splitlines() if "held-out accuracy" in line)

    assert result.returncode == 0, result.stderr
    assert float(accuracy.split("│")[2].split()[0]) >= 0.97
    assert run.name.startswith("digits-")
    assert {path.name for path in run.iterdir()} == {
        "checkpoints",
        "config.yaml",
        "curves.png",
        "events",
        "metrics.csv",
        "result.json",
        "weights.npz",
    }


@pytest.mark.slow
def test_what_is_not_locked_is_not_trained(tmp_path, file):
    assert optiplug("lock", file, folder=tmp_path).returncode == 0
    lock = tmp_path / "optiplug.lock"
    text = lock.read_text()
    assert "[distributions.optiplug-lab.plugins]" in text
    other = (file, "--set", "optimizer.clipnorm=1.0", "--locked")
    refused = train(*other, folder=tmp_path)
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "--set optimizer.clipnorm=1.0: optimizer.clipnorm.use: clip_by_norm@" in refused.stderr
    lock.write_text(text.replace('    "train",', '    "other",'))
    refused = train(file, "--locked", folder=tmp_path)
    assert (refused.returncode, "command: train@optiplug-lab" in refused.stderr) == (4, True)
    assert not (tmp_path / "runs").exists()
    lock.rename(tmp_path / "ours.lock")
    (tmp_path / "ours.lock").write_text(text)
    options = ("--lock", "ours.lock", "--set", "steps=2", "--run-dir", "run", "--quiet")
    done = train(file, *options, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    longer = ("--lock", "ours.lock", "--set", "steps=3", "--resume", "run", "--quiet")
    assert train(*longer, folder=tmp_path).returncode == 0
    compared = optiplug("diff", file, "run/config.yaml", "--json", folder=tmp_path)
    (steps,) = json.loads(compared.stdout)["differences"]
    assert (compared.returncode, steps["path"]) == (1, "steps")
    assert [steps[side]["value"] for side in ("one", "other")] == [400, 2]
