"""Sphinx extension: what autodoc and napoleon need to know of our docstrings.

napoleon takes what stands before a colon in the docstring of an attribute for its type; ours have the type
in the annotation, and colons as everywhere. And a config inherits a setting of pydantic, which is no field.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

__all__ = ["hide_colons", "is_setting", "show_colons"]

ATTRIBUTES = {"attribute", "data", "property"}
MARK = "\N{REPLACEMENT CHARACTER}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Take part in what autodoc does, before and after napoleon."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", hide_colons, priority=100)
    app.connect("autodoc-process-docstring", show_colons, priority=900)
    app.connect("autodoc-skip-member", is_setting)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def hide_colons(_app: Any, what: str, *rest: Any) -> None:
    """Put a mark in place of the colons in the first line of an attribute."""
    lines: list[str] = rest[-1]
    if what in ATTRIBUTES and lines:
        lines[0] = lines[0].replace(": ", f"{MARK} ")


def show_colons(_app: Any, _what: str, *rest: Any) -> None:
    """Put them back."""
    lines: list[str] = rest[-1]
    lines[:] = [line.replace(MARK, ":") for line in lines]


def is_setting(_app: Any, _what: str, name: str, *_rest: Any) -> bool | None:
    """Leave the setting of pydantic out; of all else Sphinx decides."""
    return True if name == "model_config" else None
