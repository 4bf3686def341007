"""`optiplug diff`: what two config files mean, side by side."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import importlib_metadata
import typer

from optiplug._config.base import NamedConfig
from optiplug._config.kinds import CommandConfig
from optiplug.document import Document

from .exits import ExitCode
from .loading import load, read_config
from .origins import DEFAULT, Value, in_file
from .output import FORMAT, dotted, print_json, print_table, print_text
from .pairing import Pair, pairs
from .stages import entry_of

__all__ = ["diff_files"]

_INSTALLED = "installed"


@dataclass(frozen=True)
class _Side:
    """A config file that was read."""

    file: str
    document: Document
    config: NamedConfig

    @property
    def title(self) -> str:
        """What it is, with the version of its plugin."""
        return f"{self.document.source}: {self.config.kind.removesuffix('s')} {entry_of(self.config)}"

    @property
    def record(self) -> str:
        """The name of the field in which versions are recorded; empty if there is none."""
        return self.config.record if isinstance(self.config, CommandConfig) else ""

    @property
    def recorded(self) -> Mapping[str, str]:
        """Versions of distributions that it was made with, if it says so."""
        return getattr(self.config, self.record) if self.record else {}

    def dumped(self) -> dict[str, Any]:
        """Return every value, with what a document calls its plugin; without the record of versions."""
        plain = self.config.dump()
        plain.pop(self.record, None)
        if self.config.kind == "commands":
            return {"command": plain.pop("use"), **plain}
        # It is no part of an optimizer, but says what the document lets be used.
        limits = {name: value for name, value in self.document.data.items() if name == "plugins"}
        return {**plain, **limits}

    def version(self, name: str) -> Value | None:
        """Return the version of a distribution that is recorded, else of the one that is installed."""
        path = (self.record or "versions", name)
        if self.recorded:
            told = self.recorded.get(name)
            return None if told is None else Value(path, told, self.document.position(path))
        version = _installed(name)
        return None if version is None else Value(path, version, _INSTALLED)


def diff_files(one: str, other: str, format: str, every: bool, as_json: bool) -> None:
    """Print each value that differs, with both origins; exit with 1 if there is one.

    Nothing but the configs is imported, and so their stages are those that the order of processors says.
    """
    if one == other == "-":
        raise typer.BadParameter("only one of them can be standard input", param_hint="OTHER")
    first, second = (_side(file, format) for file in (one, other))
    if first.config.kind != second.config.kind:
        rule = f"is the config of another kind: {first.title}, {second.title}"
        raise typer.BadParameter(rule, param_hint="OTHER")
    found = [*pairs(first.dumped(), second.dumped(), (first.document, second.document))]
    found += _versions(first, second)
    differing = [pair for pair in found if pair.differs]
    if as_json:
        told = {"equal": not differing, "differences": list(map(_as_json, differing))}
        same = {"same": [_as_json(pair) for pair in found if not pair.differs]} if every else {}
        sides = {name: _side_as_json(side) for name, side in (("one", first), ("other", second))}
        print_json({"format": FORMAT, **sides, **told, **same})
    else:
        _print(first, second, found if every else differing, every)
    if differing:
        raise typer.Exit(ExitCode.FAILED)


def _side(file: str, format: str) -> _Side:
    document = read_config(file, format)
    return _Side(file, document, load(document))


def _versions(one: _Side, other: _Side) -> Iterator[Pair]:
    """Yield the versions of distributions, if one config records them."""
    for name in dict.fromkeys([*one.recorded, *other.recorded]):
        yield Pair(one.version(name), other.version(name))


def _installed(name: str) -> str | None:
    if name == "python":
        return sys.version.split()[0]
    try:
        return importlib_metadata.version(name)
    except importlib_metadata.PackageNotFoundError:
        return None


def _print(one: _Side, other: _Side, found: Sequence[Pair], every: bool) -> None:
    title = f"{one.title}\n{other.title}"
    shown = [pair for pair in found if every or not pair.is_lone_default]
    if shown:
        sources = one.document.source, other.document.source
        rows = [
            (dotted(pair.path), _cell(pair.one, sources[0]), _cell(pair.other, sources[1])) for pair in shown
        ]
        styles = ["" if pair.differs else "dim" for pair in shown]
        print_table(title, ("path", *sources), rows, styles)
    else:
        print_text(title, "bold")
    if not any(pair.differs for pair in found):
        print_text("no difference")
    elif len(shown) < len(found):
        print_text(f"and {len(found) - len(shown)} defaults that only one has: --all shows them", "dim")


def _cell(value: Value | None, source: str) -> str:
    if value is None:
        return "-"
    by = {DEFAULT: "by default", _INSTALLED: _INSTALLED}
    return f"{json.dumps(value.value)} {by.get(value.origin) or f'at {in_file(value.origin, source)}'}"


def _as_json(pair: Pair) -> dict[str, Any]:
    return {"path": dotted(pair.path), "one": _value_as_json(pair.one), "other": _value_as_json(pair.other)}


def _value_as_json(value: Value | None) -> dict[str, Any] | None:
    return None if value is None else {**asdict(value), "path": dotted(value.path)}


def _side_as_json(side: _Side) -> dict[str, Any]:
    return {"file": side.file, "plugin": asdict(entry_of(side.config))}
