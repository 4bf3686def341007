"""Errors of TensorFlow that say that a worker is lost, told as errors that name it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from .agreement import last_disagreement
from .lost_workers import lost
from .workers import present_workers

__all__ = ["worker_errors"]

# What TensorFlow says when another worker is the reason. There is no code of its own for it.
_SIGNS = re.compile(
    "collective|heartbeat|unhealthy|coordination|connection reset|socket closed|failed to connect|recvmsg",
    re.IGNORECASE,
)
_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.InvalidArgumentError,
    tf.errors.UnavailableError,
)


@contextmanager
def worker_errors() -> Iterator[None]:
    """Raise a `WorkerError` for what TensorFlow raises in this block because of another worker.

    Put it around the call of a `tf.function` of your own that holds a step, and around the constructor of the
    strategy; `apply_gradients` that is called eagerly needs none. All other errors pass. Nothing can go on in
    a process after such an error: start all workers again.

    Raises
    ------
    LostWorkerError
        If a worker has ended, stands still, or did not come; the message names it, where TensorFlow tells.
    DifferentWorkersError
        If workers were not built, or not loaded, alike.

    Examples
    --------
    >>> import optiplug, tensorflow as tf
    >>> with optiplug.worker_errors():
    ...     strategy = tf.distribute.get_strategy()  # MultiWorkerMirroredStrategy(), say
    """
    try:
        yield
    except tf.errors.OpError as error:
        known = last_disagreement()
        # Raised in a graph it has become another, with the same words.
        if known is not None and known.args[0].partition("\n")[0] in error.message:
            raise known from error
        if not isinstance(error, _LOST) or not _SIGNS.search(error.message):
            raise
        raise lost(error, present_workers()) from error
