"""Which worker an error of TensorFlow says to be lost."""

from __future__ import annotations

import re

import tensorflow as tf

from optiplug.errors import LostWorkerError

from .workers import Workers

__all__ = ["ENDED", "lost"]

ENDED = "optiplug ended the wait"
"""What the message begins with that ends a wait of ours."""

_OF_THE_FIRST = "CoordinationService"  # the first worker has it
_REASON = "aborted by: "
_HINT = "start all workers again: TensorFlow cannot go on with fewer, and they go on from the last checkpoint"


def lost(error: tf.errors.OpError, workers: Workers | None) -> LostWorkerError:
    """Return the error that says which worker TensorFlow has lost, if that tells."""
    text = error.message
    if ENDED in text:
        told = text[text.index(ENDED) :].partition("\n")[0]
        names = [name for name in (workers.names if workers else ()) if name in told]
        return LostWorkerError(told, workers=names, hint=_HINT)
    tasks = re.findall(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)", text)
    # Its own task is in the name of each operation.
    others = list(workers.others.values()) if workers else []
    names = [name for name in others if any(name.startswith(f"{job} {task} ") for job, task in tasks)]
    if not names and workers and workers.own != 0 and _OF_THE_FIRST in text:
        names = others[:1]
    # Of two it is the other one, whatever TensorFlow tells.
    if not names and len(others) == 1:
        names = others
    reason = text.partition(_REASON)[2] or text
    return LostWorkerError(
        f"{', '.join(names) or 'another worker'} has ended, or does not answer",
        workers=names,
        received=reason.strip().partition("\n")[0],
        hint=_HINT,
    )
