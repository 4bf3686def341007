"""A run that is killed again and again ends as one that is left alone, bit for bit."""

from __future__ import annotations

import hashlib
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from support.forks import Fork, command
from support.train_processes import newest

KILLS = 20
PATIENCE = 1800  # seconds in which a process has to import TensorFlow and write a checkpoint

# Every processor with state of its own, noise from the step's random numbers, and a moving rate.
CONFIG = """\
command: train
task: {use: chars, context: 4, hidden: 8}
optimizer:
  use: adamw
  learning_rate: {use: cosine, initial_learning_rate: 1.0e-2, decay_steps: 1500}
  amsgrad: true
  use_ema: true
  processors:
    - skip_non_finite
    - {use: accumulate, steps: 3}
    - {use: clip_by_global_norm, max_norm: 1.0}
    - {use: add_noise, eta: 0.01}
steps: 1500
batch_size: 16
seed: 3
log_every: 10
evaluate_every: 500
checkpoint_every: 7
"""


def start(root: Path, *arguments: object) -> Fork:
    return command("train", "--quiet", *arguments, folder=root / "said")


def finish(process: Fork) -> None:
    assert process.wait(PATIENCE)
    assert process.returncode == 0, process.stderr


def kill_after(process: Fork, run: Path, checkpoints: int, seconds: float) -> int:
    """Kill a process some time after it has written so many checkpoints; return its last saved step."""
    try:
        wait_for(checkpoints, process, run)
        time.sleep(seconds)
    finally:
        process.send(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL, "the run ended before it was killed"
    return newest(run)


def wait_for(checkpoints: int, process: Fork, run: Path) -> None:
    last, deadline = newest(run), time.monotonic() + PATIENCE
    while checkpoints and process.returncode is None:
        assert time.monotonic() < deadline, "the run makes no progress"
        time.sleep(0.002)
        if newest(run) > last:
            last, checkpoints = newest(run), checkpoints - 1


def hashes(run: Path) -> dict[str, str]:
    """Return a hash of the metrics, of every final weight and of every tensor in the last checkpoint."""
    newest = max(run.glob("checkpoints/step-*"))
    reader = tf.train.load_checkpoint(str(newest / "values"))
    held = {name: np.asarray(reader.get_tensor(name)) for name in reader.get_variable_to_shape_map()}
    del held["_CHECKPOINTABLE_OBJECT_GRAPH"]
    held |= {f"weights {name}": value for name, value in np.load(run / "weights.npz").items()}
    found = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in held.items()}
    return {**found, "metrics": hashlib.sha256((run / "metrics.csv").read_bytes()).hexdigest()}


@pytest.mark.slow
def test_twenty_kills_leave_no_trace(tmp_path):
    config, whole, killed = tmp_path / "run.yaml", tmp_path / "whole", tmp_path / "killed"
    config.write_text(CONFIG)
    finish(start(tmp_path, config, "--run-dir", whole))

    chance = random.Random(0)  # noqa: S311  # moments, not secrets
    steps = []
    for number in range(KILLS):
        place = ("--resume", killed) if number else (config, "--run-dir", killed)
        process = start(tmp_path, *place)
        moment = chance.randint(1, 4), chance.uniform(0.0, 0.2)
        steps.append(kill_after(process, killed, *moment))
    finish(start(tmp_path, "--resume", killed))

    assert steps == sorted(steps)
    assert len(set(steps)) > KILLS / 2
    assert 0 < steps[0] < steps[-1] < newest(whole)
    assert len(hashes(whole)) > 20
    assert hashes(killed) == hashes(whole)
