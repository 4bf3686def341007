"""The coordination service of TensorFlow, through which the workers of a cluster can tell each other texts.

Needs no collective, so it works while a function is traced and where workers differ.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = [
    "are_coordinated",
    "collective_timeout",
    "end_collectives",
    "share_text",
    "shared_text",
    "withdraw_text",
]


def are_coordinated() -> bool:
    """Whether this process is a part of a cluster with a service. Rests on `Context.coordination_service`."""
    return _context().coordination_service is not None


def share_text(key: str, text: str) -> None:
    """Let all workers read a text under a key, which must be new. Rests on `Context.set_config_key_value`."""
    _context().set_config_key_value(key, text)


def shared_text(key: str, seconds: float) -> str | None:
    """Return what a worker shares under a key; None if none has within some seconds.

    Rests on `Context.get_config_key_value`.
    """
    try:
        text: str = _context().get_config_key_value(key, max(1, int(1000 * seconds)))
    except tf.errors.DeadlineExceededError:
        return None
    return text


def withdraw_text(key: str) -> None:
    """Take back what this worker shares under a key. Rests on `Context.delete_config_key_value`."""
    _context().delete_config_key_value(key)


def collective_timeout(strategy: Any) -> float | None:
    """Return after how many seconds the user of a strategy has collectives end, None if that was not said.

    Rests on `_communication_options` of the strategy.
    """
    options = getattr(strategy.extended, "_communication_options", None)
    seconds: float | None = getattr(options, "timeout_seconds", None)
    return seconds


def end_collectives(message: str) -> None:
    """Let every collective of this process fail, now and later. Rests on `Context.abort_collective_ops`."""
    _context().abort_collective_ops(tf.errors.DEADLINE_EXCEEDED, message)


def _context() -> Any:
    # Imported here: no public module has it.
    from tensorflow.python.eager import context

    return context.context()
