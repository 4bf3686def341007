"""Reads JSON strictly: `json.loads` checks the grammar, a scan of the tokens adds positions."""

from __future__ import annotations

import json
import re

from . import limits
from .tree import Lines, Tree, too_deep, whole

__all__ = ["read_json"]

# A string that is never closed runs to the end of the text, so that the scan stays linear.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]|[^\s,:\[\]{}"]+', re.DOTALL)
_OPEN, _CLOSE = {"[", "{"}, {"]", "}"}
_WHOLE = re.compile(r"-?[0-9]+")


def read_json(text: str, tree: Tree) -> None:
    """Build `tree` from the one value in `text`."""
    lines = Lines(text)
    # First, since the recursion of `json.loads` would end in a RecursionError.
    _check_depth(text, lines, tree)
    try:
        # Numbers stay texts here: Python refuses to convert more than 4,300 digits.
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        raise tree.error(f"this is not JSON: {error.msg}", (error.lineno, error.colno)) from None
    for match in _TOKEN.finditer(text):
        lexeme, position = match[0], lines.position(match.start())
        if lexeme == "{":
            tree.begin({}, position)
        elif lexeme == "[":
            tree.begin([], position)
        elif lexeme in _CLOSE:
            tree.end()
        else:
            tree.scalar(whole(lexeme) if _WHOLE.fullmatch(lexeme) else json.loads(lexeme), position)


def _check_depth(text: str, lines: Lines, tree: Tree) -> None:
    """Refuse what `json.loads` would need too deep a recursion for."""
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += (match[0] in _OPEN) - (match[0] in _CLOSE)
        if depth > limits.DEPTH:
            raise too_deep(tree.source, lines.position(match.start()))
