"""Pieces of reStructuredText, and of it in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["first_paragraph", "heading", "hyperparameters", "markdown", "pipe_table", "table", "toctree"]


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
    return _type(field), default, " ".join(field.get("description", "").split())


def _type(field: dict[str, Any]) -> str:
    """Say in a few words what a JSON Schema accepts."""
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type(each) for each in field["anyOf"]))
    if "const" in field or "enum" in field:
        return ", ".join(f"``{json.dumps(value)}``" for value in field.get("enum", [field.get("const")]))
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    name = {
        "object": "a plugin by name" if "use" in field.get("properties", {}) else "mapping",
        "array": "list",
    }
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    text = name.get(field.get("type", ""), field.get("type", "any"))
    limits = [f"{sign} {field[key]:g}" for key, sign in bounds.items() if key in field]
    return " ".join([text, *limits])
