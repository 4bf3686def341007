"""What is said on standard error."""

from __future__ import annotations

import typer

from optiplug.errors import plain

__all__ = ["say"]


def say(text: str) -> None:
    """Write a line on standard error: names of folders and texts of tasks must not steer a terminal."""
    typer.echo(plain(text), err=True)
