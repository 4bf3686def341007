"""Pieces of reStructuredText, and of it in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = [
    "first_paragraph",
    "heading",
    "hyperparameters",
    "markdown",
    "pipe_table",
    "table",
    "toctree",
    "type_in_words",
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
    return type_in_words(field), default, " ".join(field.get("description", "").split())


def type_in_words(field: dict[str, Any]) -> str:
    """Say in words what a JSON Schema accepts."""
    if "anyOf" in field:
        return _any_of(field["anyOf"])
    if "const" in field or "enum" in field:
        return " or ".join(f"``{json.dumps(value)}``" for value in field.get("enum", [field.get("const")]))
    if "$ref" in field:
        return f"a {str(field['$ref']).rpartition('/')[2]}"
    if "x-optiplug-kind" in field:
        return _PLUGINS[field["x-optiplug-kind"]]
    return ", ".join([_noun(field), *_limits(field)])


_NOUNS = {"boolean": "true or false", "integer": "whole number", "null": "none", "string": "text"}
_PLUGINS = {
    "optimizers": "optimizer",
    "processors": "processor",
    "schedules": "schedule",
    "tasks": "task",
}
_LARGEST = 2.0**31  # beyond it a bound is where numbers end, and no rule of a formula
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def _any_of(choices: list[dict[str, Any]]) -> str:
    """Join what may be chosen, with the bounds of a number at the end: number or schedule, at least 0."""
    # A plugin is named by its text, too; that is how each of them is said.
    named = any("x-optiplug-kind" in each for each in choices)
    kept = [each for each in choices if not (named and each.get("type") == "string" and "const" not in each)]
    limits = [limit for each in kept for limit in _limits(each)]
    bare = [type_in_words({key: value for key, value in each.items() if key not in _BOUNDS}) for each in kept]
    none = ["none"] if "none" in bare else []
    joined = " or ".join([*dict.fromkeys(each for each in bare if each != "none"), *none])
    return ", ".join([joined, *dict.fromkeys(limits)])


def _noun(field: dict[str, Any]) -> str:
    kind = field.get("type", "")
    if kind == "array":
        if "prefixItems" in field:
            return f"{len(field['prefixItems'])} of: {type_in_words(field['prefixItems'][0])}"
        return f"list of: {type_in_words(field['items'])}" if "items" in field else "list"
    if kind == "object":
        inner = field.get("additionalProperties")
        return f"names with: {type_in_words(inner)}" if isinstance(inner, dict) else "mapping"
    return _NOUNS.get(kind, kind or "anything")


def _limits(field: dict[str, Any]) -> list[str]:
    return [
        f"{said} {field[key]:g}" for key, said in _BOUNDS.items() if abs(field.get(key, _LARGEST)) < _LARGEST
    ]
