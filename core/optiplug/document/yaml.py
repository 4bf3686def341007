"""Reads YAML 1.2, core schema, without anchors, aliases, tags and merge keys.

The values are built from the parser's events, one after the other: a file that nests or
repeats without end is refused at the first event that is too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from .tree import Lines, Position, Tree, whole

__all__ = ["read_yaml"]

# YAML 1.2 and not 1.1, in which `no` is False and 1:30 is 90.
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]+")
_BASES = {"0o": 8, "0x": 16}
_NUMBER = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)

_HEAD = re.compile(r"^.*$", re.MULTILINE)
_DIRECTIVE = re.compile(r"%YAML[ \t]+1\.2[ \t]*(#.*)?")

# Line ends of YAML 1.1, which the parser would change; in YAML 1.2 they are part of a text.
_OLD_LINE_END = re.compile("[\x85\u2028\u2029]")


class _Parser(YAML):
    def official_plug_ins(self) -> list[str]:
        """Return none: they would be searched for on the disk with each text, and imported."""
        return []


def read_yaml(text: str, tree: Tree) -> None:
    """Build `tree` from the one document in `text`."""
    old = _OLD_LINE_END.search(text)
    if old is not None:
        hint = "write it as an escape, in double quotation marks"
        rule = f"the character {old[0]!a} is not allowed"
        raise tree.error(rule, Lines(text).position(old.start()), hint=hint)
    _check_directives(text, tree)
    documents = 0
    for event in _events(text, tree):
        position = _position(event.start_mark)
        if isinstance(event, events.DocumentStartEvent):
            documents += 1
            _check_document(documents, position, tree)
        elif isinstance(event, events.NodeEvent):
            _add_node(event, position, tree)
        elif isinstance(event, events.CollectionEndEvent):
            tree.end()


def _events(text: str, tree: Tree) -> Iterator[Any]:
    """Yield the parser's events; whatever it raises becomes a ConfigError."""
    last = (1, 1)
    try:
        for event in _Parser(typ="safe", pure=True).parse(text):
            last = _position(event.end_mark)
            yield event
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _malformed(tree, error.problem or error.context, _position(mark) if mark else last) from None
    except ReaderError as error:
        where = Lines(text).position(error.position)
        raise _malformed(tree, f"the character {_shown(error.character)} is not allowed", where) from None
    except (YAMLError, ValueError, OverflowError) as error:
        raise _malformed(tree, str(error), last) from None


def _add_node(event: Any, position: Position, tree: Tree) -> None:
    if isinstance(event, events.AliasEvent) or event.anchor is not None:
        raise tree.error("anchors and aliases are not allowed", position, hint="write the value out")
    if event.ctag is not None and str(event.ctag):
        raise tree.error("tags are not allowed", position, received=str(event.ctag), hint="leave the tag out")
    if isinstance(event, events.MappingStartEvent):
        tree.begin({}, position)
    elif isinstance(event, events.SequenceStartEvent):
        tree.begin([], position)
    # Not so in quotation marks, where it is a text.
    elif event.style is None and event.value == "<<" and tree.awaits_key:
        raise tree.error("merge keys are not allowed", position, received="<<", hint="write the keys out")
    else:
        tree.scalar(_plain(event.value) if event.style is None else event.value, position)


def _plain(text: str) -> str | bool | int | float | None:
    """Return the value of a scalar without quotation marks, by the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _NUMBER.fullmatch(text):
        return _number(text)
    return text


def _number(text: str) -> int | float:
    if _WHOLE.fullmatch(text):
        return whole(text)
    if text[:2] in _BASES:
        return whole(text[2:], _BASES[text[:2]])
    # Python writes inf and nan without the dot. `Tree.scalar` refuses both, with the position.
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _check_directives(text: str, tree: Tree) -> None:
    """Refuse directives but one, with which some the parser does something, and others it passes over."""
    for line in _HEAD.finditer(text):
        if not line[0].startswith(("%", "#")) and line[0].strip():
            return
        if line[0].startswith("%") and not _DIRECTIVE.fullmatch(line[0]):
            hint = "remove the lines that begin with `%`"
            rule, position = "the only directive allowed is `%YAML 1.2`", Lines(text).position(line.start())
            raise tree.error(rule, position, hint=hint)


def _check_document(number: int, position: Position, tree: Tree) -> None:
    if number > 1:
        raise tree.error("a file holds one document", position, hint="remove the line `---` and what follows")


def _shown(character: int | str) -> str:
    return ascii(chr(character) if isinstance(character, int) else character)


def _position(mark: Any) -> Position:
    return mark.line + 1, mark.column + 1


def _malformed(tree: Tree, reason: str | None, position: Position) -> Exception:
    return tree.error(f"this is not YAML: {reason or 'it cannot be read'}", position)
