"""What is saved and restored: a small model and its optimizer, whose values follow from a number of steps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug
from optiplug.checkpoint import Checkpoints, saved_steps
from optiplug.errors import OptiplugError

from .tries import NOWHERE

__all__ = ["IDENTITY", "Subject", "filling", "outcome", "restoring", "saving"]

IDENTITY = {
    "config": {"optimizer": {"use": "adam", "beta_1": 0.9}, "seed": 0},
    "data": {"text": "0" * 64},
    "versions": {"tensorflow": tf.__version__, "optiplug-adam": ["0.1.0", "1" * 64]},
    "replicas": {"count": 1},
}


class Subject:
    """Variables and state; after `fill(step)` they have the values of that step and of no other."""

    def __init__(self, width: int = 32) -> None:
        self.model = tf.Module(name="model")
        self.model.kernel = tf.Variable(tf.zeros((48, width)), name="kernel")
        self.model.bias = tf.Variable(tf.zeros(width), name="bias")
        processors = ["skip_non_finite", {"use": "ema", "momentum": 0.9}]
        self.optimizer = optiplug.create("adam", processors=processors)
        self.optimizer.build(self.model.trainable_variables)
        self.values = {"model": self.model, "optimizer": self.optimizer}

    @property
    def variables(self) -> list[Any]:
        """Return all that has a value."""
        return [*self.model.variables, *self.optimizer.variables]

    def fill(self, step: int) -> None:
        """Assign the values of a step."""
        for index, variable in enumerate(self.variables):
            drawn = np.random.default_rng((step, index)).standard_normal(tuple(variable.shape))
            variable.assign((1000 * drawn).astype(variable.dtype.as_numpy_dtype))

    def digest(self) -> str:
        """Return a hash of every value."""
        digest = hashlib.sha256()
        for variable in self.variables:
            digest.update(np.ascontiguousarray(variable.numpy()).tobytes())
        return digest.hexdigest()

    def checkpoints(self, folder: Path, **settings: Any) -> Checkpoints:
        """Return what saves it into a folder."""
        return Checkpoints(folder, self.values, **{"identity": IDENTITY, **settings})


def filling(steps: range, width: int = 32) -> Iterator[dict[int, str]]:
    """Yield the hash of the values of each step, of NOWHERE, too."""
    subject, digests = Subject(width), {}
    for step in (*steps, NOWHERE):
        subject.fill(step)
        digests[step] = subject.digest()
    yield digests


def saving(folder: Path, steps: range, width: int = 32, **settings: Any) -> Iterator[int]:
    """Go on with what is saved, and yield the steps that are known to be saved; first -1, at the start."""
    subject = Subject(width)
    yield -1
    with subject.checkpoints(folder, **settings) as checkpoints:
        if saved_steps(folder):
            checkpoints.restore()
        saved: int | None = None
        for step in steps:
            subject.fill(step)
            checkpoints.save(step, metadata={"note": f"after {step}"})
            # With asynchronous writing, a save that returns says that the one before it is done.
            done, saved = (saved, step) if settings.get("asynchronous") else (step, step)
            if done is not None:
                yield done
            # The values move on while they are written.
            subject.fill(NOWHERE)
        checkpoints.wait()
        if saved is not None and settings.get("asynchronous"):
            yield saved


def restoring(folders: list[Path], step: int | None = None, **settings: Any) -> Iterator[dict[str, Any]]:
    """Restore from each of these folders into the values of NOWHERE, and yield what became of it."""
    subject = Subject(settings.pop("width", 32))
    options = {name: settings.pop(name) for name in ("allow_changed", "weights_only") if name in settings}
    for folder in folders:
        subject.fill(NOWHERE)
        yield outcome(subject, subject.checkpoints(folder, **settings), step, **options)


def outcome(subject: Subject, checkpoints: Any, step: int | None = None, **options: Any) -> dict[str, Any]:
    """Restore, and return the step, the hash of what the variables have then, and the error if any."""
    found: dict[str, Any] = {"step": None, "error": None, "skipped": []}
    try:
        restored = checkpoints.restore(step, **options)
    except OptiplugError as error:
        found |= {"error": type(error).__name__, "message": str(error)}
    else:
        found |= {"step": restored.step, "skipped": [path.name for path, _ in restored.skipped]}
        found |= {"metadata": dict(restored.metadata), "changed": list(restored.changed)}
    return found | {"digest": subject.digest()}
