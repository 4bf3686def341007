"""Values from a command line that take the place of those in a document: ``optimizer.momentum=0.9``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from optiplug.errors import ConfigError, Problem

from .reading import Document
from .tree import Path, Position, Tree
from .yaml import read_yaml

__all__ = ["Setting", "override", "parse_setting"]

_KEY = r"[^.\[\]\s]+(?:\[[0-9]{1,4}\])*"
_PATH = re.compile(rf"{_KEY}(?:\.{_KEY})*")


@dataclass(frozen=True)
class Setting:
    """One value, the keys and list positions that lead to it, and `source`, the text that said so."""

    path: Path
    value: Any
    source: str
    values: Mapping[Path, Position] = field(repr=False)


def parse_setting(text: str, option: str = "--set") -> Setting:
    """Read ``PATH=VALUE``: the path as messages write it, the value as in a YAML file.

    Raises
    ------
    ConfigError
        If the text has another form, or its value is not YAML.

    Examples
    --------
    >>> parse_setting("optimizer.processors[0].max_norm=0.5").path
    ('optimizer', 'processors', 0, 'max_norm')
    """
    source = f"{option} {text}"
    keys, _, value = text.partition("=")
    tree = Tree(source)
    if _PATH.fullmatch(keys) and value.strip():
        try:
            read_yaml(value, tree)
        except ConfigError as error:
            # A column would be one of the value, which nobody counts in a command line.
            raise error.each(lambda problem: replace(problem, position=source)) from None
    if not tree.values:
        hint = f"as in {option} optimizer.learning_rate=0.01; `null` stands for no value"
        raise ConfigError("must be PATH=VALUE", where=option, received=text, hint=hint)
    parts = re.findall(r"\[([0-9]+)\]|([^.\[\]]+)", keys)
    path = tuple(int(index) if index else key for index, key in parts)
    return Setting(path, tree.root, source, tree.values)


def override(document: Document, settings: Sequence[Setting]) -> Document:
    """Return a document with the values of `settings`, one after the other, in place of its own.

    What is missing on the way to a value is made; a name that stands for a plugin becomes a mapping with
    `use`. Problems with these values are located at their settings.

    Raises
    ------
    ConfigError
        If a path leads through a value that has nothing in it, or a setting would undo an earlier one.

    Examples
    --------
    >>> from optiplug.document import parse
    >>> document = parse("optimizer: sgd", "yaml", "run.yaml")
    >>> override(document, [parse_setting("optimizer.momentum=0.9")]).data
    {'optimizer': {'use': 'sgd', 'momentum': 0.9}}
    """
    data, values, keys = deepcopy(document.data), dict(document.values), dict(document.keys)
    sources = dict(document.sources)
    for setting in settings:
        path = setting.path
        for earlier, source in sources.items():
            if earlier[: len(path)] == path:
                raise ConfigError(f"would undo `{source}`", where=setting.source, hint="give one of them")
        data = _put(data, path, 0, setting)
        for positions in (values, keys):
            for each in [each for each in positions if each[: len(path)] == path]:
                del positions[each]
        values |= {(*path, *below): position for below, position in setting.values.items()}
        made = [path[:length] for length in range(1, len(path)) if path[:length] not in values]
        sources |= dict.fromkeys([each for each in made if each not in sources], setting.source)
        sources[path] = setting.source
    return replace(document, data=data, values=values, keys=keys, sources=sources)


def _put(old: Any, path: Path, depth: int, setting: Setting) -> Any:
    """Return `old`, which is at ``path[:depth]``, with the value of a setting at the end of its path."""
    if depth == len(path):
        return setting.value
    key = path[depth]
    if isinstance(key, int):
        items = [] if old is None else old
        if not isinstance(items, list) or key > len(items):
            rule = f"has no place [{key}]"
            raise ConfigError([Problem(path[:depth], rule, old, position=setting.source)])
        item = items[key] if key < len(items) else None
        return [*items[:key], _put(item, path, depth + 1, setting), *items[key + 1 :]]
    fields = {} if old is None else {"use": old} if isinstance(old, str) else old
    if not isinstance(fields, dict):
        rule = f"has nothing called {key!r} in it"
        raise ConfigError([Problem(path[:depth], rule, old, position=setting.source)])
    return {**fields, key: _put(fields.get(key), path, depth + 1, setting)}
