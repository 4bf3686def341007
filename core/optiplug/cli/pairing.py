"""The values of two configs side by side: what one says beside what the other says of the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optiplug._config.inside import Path
from optiplug.document import Document

from .origins import DEFAULT, Value, origin

__all__ = ["Pair", "pairs"]

Key = tuple[str | int, int]


@dataclass(frozen=True)
class Pair:
    """A value of one config and that of the other; None where it has no such field, or no such plugin.

    `replaced` says that the other has a field of this name, with something in it that has parts.
    """

    one: Value | None
    other: Value | None
    replaced: bool = False

    @property
    def path(self) -> Path:
        """Where it is, in the first config that has it."""
        return (self.one or self.other or Value((), None, "")).path

    @property
    def differs(self) -> bool:
        """Whether the values differ, or one is missing; where each was said does not count."""
        return self.one is None or self.other is None or _told(self.one.value) != _told(self.other.value)

    @property
    def is_lone_default(self) -> bool:
        """Whether only one config has it, and did not say it."""
        there = [each for each in (self.one, self.other) if each is not None]
        return len(there) == 1 and there[0].origin == DEFAULT and not self.replaced


@dataclass(frozen=True)
class _Part:
    """A part of a dumped config, with its path and document."""

    value: Any
    path: Path
    document: Document

    def __getitem__(self, key: str | int) -> _Part:
        return _Part(self.value[key], (*self.path, key), self.document)

    def leaf(self, value: object) -> Value:
        """Return a value for this place."""
        return Value(self.path, value, origin(self.path, self.document) if self.path else DEFAULT)


def pairs(one: object, other: object, documents: Sequence[Document]) -> Iterator[Pair]:
    """Yield every value of two dumped configs of these two documents, in the order of the first.

    Items of a list are the same if they use the same plugin, or have the same name, wherever in the list they
    are; if that is another place, the order is a value, too.
    """
    return _pairs(_Part(one, (), documents[0]), _Part(other, (), documents[1]))


def _pairs(one: _Part | None, other: _Part | None) -> Iterator[Pair]:
    there = [each for each in (one, other) if each is not None]
    if all(isinstance(each.value, dict) and each.value for each in there):
        for key in dict.fromkeys(key for each in there for key in each.value):
            yield from _pairs(_member(one, key), _member(other, key))
    elif all(isinstance(each.value, list) for each in there) and any(each.value for each in there):
        yield from _of_lists(one, other)
    elif len(there) == 2 and any(isinstance(each.value, dict | list) and each.value for each in there):
        # A number here and a schedule there, or nothing here and a list there.
        for pair in (*_pairs(one, None), *_pairs(None, other)):
            yield replace(pair, replaced=pair.path == there[0].path or pair.path == there[1].path)
    else:
        yield Pair(_whole(one), _whole(other))


def _of_lists(one: _Part | None, other: _Part | None) -> Iterator[Pair]:
    first, second = _by_key(one), _by_key(other)
    for key in dict.fromkeys([*first, *second]):
        yield from _pairs(first.get(key), second.get(key))
    if one is not None and other is not None:
        orders = [[key for key in keys if key in first and key in second] for keys in (first, second)]
        if orders[0] != orders[1]:
            names = [[key for key, _ in order] for order in orders]
            yield Pair(one.leaf(names[0]), other.leaf(names[1]))


def _by_key(part: _Part | None) -> dict[Key, _Part]:
    """Return the items of a list by what they are called, and by which of that name it is."""
    if part is None:
        return {}
    counts: Counter[str | int] = Counter()
    found = {}
    for index, item in enumerate(part.value):
        named = item.get("use") or item.get("name") if isinstance(item, dict) else None
        name = index if named is None else named
        found[name, counts[name]] = part[index]
        counts[name] += 1
    return found


def _member(part: _Part | None, key: str) -> _Part | None:
    return part[key] if part is not None and key in part.value else None


def _whole(part: _Part | None) -> Value | None:
    return None if part is None else part.leaf(part.value)


def _told(value: object) -> str:
    # As text, in which 1 is not true and not 1.0.
    return json.dumps(value, sort_keys=True)
