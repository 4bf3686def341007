"""Pieces of docstrings, in Markdown."""

from __future__ import annotations

__all__ = ["first_paragraph", "markdown"]


def first_paragraph(docstring: str) -> str:
    """Return the first paragraph of a docstring as one line."""
    return " ".join(docstring.strip().partition("\n\n")[0].split())


def markdown(text: str) -> str:
    """Return a line of a docstring as it is written in Markdown."""
    return text.replace("``", "`")
