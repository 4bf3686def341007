"""Pieces of reStructuredText, and of it in Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from optiplug.cli.types_in_words import type_in_words

__all__ = [
    "first_paragraph",
    "heading",
    "hyperparameters",
    "markdown",
    "pipe_table",
    "table",
    "toctree",
]


def heading(text: str, underline: str) -> Iterator[str]:
    """Yield a heading."""
    yield from (text, underline * len(text), "")


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]], widths: str) -> Iterator[str]:
    """Yield a table, or nothing if it has no rows."""
    rows = list(rows)
    if not rows:
        return
    yield from (".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "")
    for first, *others in [header, *rows]:
        yield f"   * - {first}"
        yield from (f"     - {cell}" for cell in others)
    yield ""


def toctree(pages: Iterable[str], option: str) -> Iterator[str]:
    """Yield a list of pages that belong below this one, with an option such as ``:hidden:``."""
    yield from (".. toctree::", f"   {option}", "")
    yield from (f"   {page}" for page in pages)
    yield ""


def first_paragraph(docstring: str) -> str:
    """Return the first paragraph of a docstring as one line."""
    return " ".join(docstring.strip().partition("\n\n")[0].split())


def markdown(text: str) -> str:
    """Return a line of a docstring as it is written in Markdown."""
    return text.replace("``", "`")


def pipe_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a table in Markdown; a bar in a cell stays a bar."""
    lines = [header, ("---",) * len(header), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in lines]


def hyperparameters(fields: dict[str, Any]) -> Iterator[str]:
    """Yield a table of hyperparameters, given the JSON Schema of each."""
    rows = [(f"``{name}``", *_described(field)) for name, field in fields.items() if name != "use"]
    return table(("hyperparameter", "type", "default", "meaning"), rows, "20 20 15 45")


def _described(field: dict[str, Any]) -> tuple[str, str, str]:
    """Return type, default and meaning of one hyperparameter."""
    default = f"``{json.dumps(field['default'])}``" if "default" in field else "required"
    # Values that are to be written as they are.
    said = re.sub(r'"[^"]*"', r"``\g<0>``", type_in_words(field))
    return said, default, " ".join(field.get("description", "").split())
