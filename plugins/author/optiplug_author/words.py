"""What is said on standard error, and how texts that are not ours are shown."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import typer

from optiplug.errors import plain as shown

__all__ = ["muted_stderr", "say", "shown"]

_STDERR = 2


def say(text: str) -> None:
    """Write a line on standard error."""
    typer.echo(shown(text), err=True)


@contextlib.contextmanager
def muted_stderr() -> Iterator[None]:
    """Mute the stderr of the process, C++ libraries included: TensorFlow has much to say while it loads."""
    sys.stderr.flush()
    saved = os.dup(_STDERR)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # a device
        os.dup2(nowhere.fileno(), _STDERR)
    try:
        yield
    finally:
        os.dup2(saved, _STDERR)
        os.close(saved)
