"""Pieces of reStructuredText."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["heading", "hyperparameters", "table", "toctree"]


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
