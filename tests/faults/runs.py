"""`optiplug train` in a process that may be killed, and what there is to compare of two runs."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from .apart import Ended, forked

__all__ = ["CONFIG", "TEXT", "contents", "difference", "hashes", "optiplug", "train"]

TEXT = "the quick brown fox jumps over the lazy dog, and nothing is lost. " * 12
# State of several kinds, and noise from the step's random numbers; compiling would take most of the time.
CONFIG = """\
command: train
task: {{use: chars, text: {text}, context: 4, hidden: 8}}
optimizer:
  use: adamw
  learning_rate: {{use: cosine, initial_learning_rate: 1.0e-2, decay_steps: 40}}
  jit_compile: false
  processors:
    - {{use: accumulate, steps: 3}}
    - {{use: add_noise, eta: 0.01}}
    - ema
steps: {steps}
batch_size: 16
seed: 3
log_every: 5
evaluate_every: 10
checkpoint_every: 2
"""


def config(root: Path, steps: int = 12) -> Path:
    """Write a config, and the text that it names, and return its path."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "text.txt").write_text(TEXT)
    path = root / "run.yaml"
    path.write_text(CONFIG.format(text=root / "text.txt", steps=steps))
    return path


def optiplug(*arguments: object) -> Iterator[str]:
    """Be the program `optiplug`; yields once, before it starts."""
    from optiplug.cli import main

    sys.argv = ["optiplug", *map(str, arguments)]
    yield "started"
    main()


def train(*arguments: object) -> Ended:
    """Run `optiplug train` to its end."""
    return forked(optiplug, "train", "--quiet", *arguments)


def hashes(run: Path) -> dict[str, str]:
    """Return a hash of the metrics, of every final weight and of every tensor in the last checkpoint."""
    newest = max(run.glob("checkpoints/step-*"))
    reader = tf.train.load_checkpoint(str(newest / "values"))
    held = {name: np.asarray(reader.get_tensor(name)) for name in reader.get_variable_to_shape_map()}
    del held["_CHECKPOINTABLE_OBJECT_GRAPH"]
    with np.load(run / "weights.npz") as weights:
        held |= {f"weights {name}": value for name, value in weights.items()}
    found = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in held.items()}
    return {**found, "metrics": hashlib.sha256((run / "metrics.csv").read_bytes()).hexdigest()}


def contents(run: Path) -> Iterator[dict[str, str]]:
    """Yield the hashes of a run, for a fork."""
    yield hashes(run)


def difference(one: dict[str, str], run: Path) -> str:
    """Return in what a run differs from these hashes."""
    ended = forked(contents, run)
    if ended.code:
        return f"cannot be read: {ended.printed}"
    (other,) = ended.yielded
    names = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return f"other {', '.join(names)}" if names else ""
