"""What is said on standard error."""

from __future__ import annotations

import typer

__all__ = ["say"]


def say(text: str) -> None:
    """Write a line on standard error: names of folders and texts of tasks must not steer a terminal."""
    shown = (each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)
    typer.echo("".join(shown), err=True)
