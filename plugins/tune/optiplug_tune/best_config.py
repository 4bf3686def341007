"""The best config that was found, as a plain config file that says where it comes from."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from os import PathLike
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark, YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.tokens import CommentToken

from optiplug import ConfigError
from optiplug.checkpoint.files import replace_file
from optiplug.document import parse, read
from optiplug.errors import in_one_line

from .ranges import Path, Value

if TYPE_CHECKING:
    from .space import Space

__all__ = ["write_best"]

Node: TypeAlias = CommentedMap | CommentedSeq
Wanted: TypeAlias = Mapping[str, object] | list[object]

_SUFFIXES = (".yaml", ".yml")


class _Representer(RoundTripRepresenter):
    def represent_float(self, data: float) -> ScalarNode:
        # Readers of YAML 1.1 take 1e-07 for a text.
        mantissa, e, exponent = repr(data).partition("e")
        text = f"{mantissa}{'' if '.' in mantissa else '.0'}{e}{exponent}"
        return self.represent_scalar("tag:yaml.org,2002:float", text)


_Representer.add_representer(float, _Representer.represent_float)


def write_best(
    path: str | PathLike[str], space: Space, values: Mapping[str, Value], provenance: Mapping[str, object]
) -> None:
    """Write the config with these values in place of its ranges, as a YAML file that is there whole or not.

    Comments of the YAML file with the ranges are kept, but for those inside of a range. `provenance` becomes
    comments at the top, a line for each of its items.

    Raises
    ------
    ConfigError
        If the name is not that of a YAML file, or something in the config can be used in code only.
    """
    if FilePath(path).suffix.lower() not in _SUFFIXES:
        hint = "only YAML keeps comments in all of its readers"
        raise ConfigError("must end in .yaml", where="path", received=str(path), hint=hint)
    config = space.config(values)
    try:
        text = _commented(space, values, config) or _dumped(CommentedMap(config))
    except YAMLError:
        raise ConfigError("something in it can be used in code only", where="config") from None
    replace_file(path, "".join(map(_comment, provenance.items())) + text)


def _comment(item: tuple[str, object]) -> str:
    name, value = item
    if isinstance(value, Mapping):
        value = ", ".join(f"{key} {each}" for key, each in value.items())
    elif isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    return f"# {in_one_line(f'{name}: {value}')}\n"


def _commented(space: Space, values: Mapping[str, Value], config: Mapping[str, object]) -> str:
    """Return the config in the words and with the comments of the file of the space; empty without one."""
    if space.document is None or not space.document.source.endswith(_SUFFIXES):
        return ""
    root = None
    with contextlib.suppress(ConfigError, OSError, UnicodeError):
        if read(space.document.source).data:
            root = _yaml().load(FilePath(space.document.source).read_text(encoding="utf-8-sig"))
    if not isinstance(root, CommentedMap):
        return ""
    _Settler(space, values).settle(root, config, ())
    text = _dumped(root)
    # ruamel and optiplug differ in what is a number, as in 1_000, which the file may have.
    return text if parse(text, "yaml").data == config else ""


class _Settler:
    """Makes a file with ranges one with values, in place."""

    def __init__(self, space: Space, values: Mapping[str, Value]) -> None:
        self._ranges, self._values = {one.where: one for one in space.ranges.values()}, values

    def settle(self, node: Node, wanted: Wanted, where: Path) -> None:
        """Let a mapping or list be what is wanted; `where` leads to it in the file."""
        if isinstance(wanted, Mapping):
            for key in [key for key in node if key not in wanted]:
                del node[key]
        items = wanted.items() if isinstance(wanted, Mapping) else enumerate(wanted)
        for key, item in items:
            self._item(node, key, item, (*where, key))

    def _item(self, node: Node, key: str | int, wanted: object, where: Path) -> None:
        missing = isinstance(node, CommentedMap) and key not in node
        old = None if missing else node[key]
        one = self._ranges.get(where)
        if one is not None and isinstance(old, CommentedMap):
            if one.kind == "choice":
                index = one.choices.index(self._values[one.path])
                _replace(node, key, old["of"][index])
                self._item(node, key, wanted, (*where, "of", index))
                return
        elif isinstance(wanted, Mapping | list) and _alike(old, wanted):
            self.settle(old, wanted, where)
            return
        # One that is equal may be written in its own way, as 1e-3.
        if old != wanted or missing:
            _replace(node, key, wanted)


def _alike(old: object, wanted: Wanted) -> TypeGuard[Node]:
    if isinstance(wanted, Mapping):
        return isinstance(old, CommentedMap)
    return isinstance(old, CommentedSeq) and len(old) == len(wanted)


def _replace(node: Node, key: str | int, value: object) -> None:
    """Put a value in place of another, after whose last line there may be comments of what follows."""
    old = _last(node, key) if isinstance(node, CommentedSeq) or key in node else (node, key)
    following = _following(*old)
    node[key] = value
    if not following:
        return
    node, key = _last(node, key)
    place = _place(node)
    token = node.ca.items.setdefault(key, [None, None, None, None])
    if token[place] is None:
        token[place] = CommentToken("\n", CommentMark(0), None)
    token[place].value = token[place].value.partition("\n")[0] + "\n" + following


def _following(node: Node, key: str | int) -> str:
    """Return the comments below the line of a value, which ruamel keeps with that at its end."""
    token = node.ca.items.get(key, ())[_place(node) :][:1]
    return str(token[0].value).partition("\n")[2] if token and token[0] else ""


def _last(node: Node, key: str | int) -> tuple[Node, str | int]:
    """Return what is on the last line of a value: the mapping or list, and the key in it."""
    value = node[key]
    while isinstance(value, CommentedMap | CommentedSeq) and value and not value.fa.flow_style():
        node, key = value, len(value) - 1 if isinstance(value, CommentedSeq) else list(value)[-1]
        value = node[key]
    return node, key


def _place(node: Node) -> int:
    """Return where ruamel keeps the comment of a value among those of its key."""
    return 2 if isinstance(node, CommentedMap) else 0


def _yaml() -> YAML:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.preserve_quotes = True
    yaml.width = 10**6  # a line stays one
    return yaml


def _dumped(root: CommentedMap) -> str:
    stream = io.StringIO()
    _yaml().dump(root, stream)
    return stream.getvalue()
