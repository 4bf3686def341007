"""What a checkpoint says of itself, in `manifest.json`: read as if anybody could have written it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from optiplug.errors import CorruptCheckpointError, NewerCheckpointError

__all__ = ["FORMAT", "LARGEST", "Manifest", "Spec", "changes", "differences", "plain"]

FORMAT = 1
"""The version of the format that is written; older ones are read."""
LARGEST = 64 * 2**20
"""The most bytes that a manifest may have."""

Spec: TypeAlias = tuple[str, tuple[int, ...]]
_DEEPEST = 50
_FILE = re.compile(r"(values(?:-\d{5}-of-\d{5})?)\.(?:index|data-\d{5}-of-\d{5})", re.ASCII)
_SUM = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says of one saved step.

    Attributes
    ----------
    step
        The number of steps after which it was saved.
    run
        What tells this run from others that saved into the folder; a run that goes on keeps it.
    identity
        What the values depend on, in sections: config, data, versions, replicas.
    tables
        Dtype and shape of each value by its key, for each process that wrote: ``values``, or
        ``values-00000-of-00002`` and so on.
    state_versions
        Versions of the state of plugins by owner, for each optimizer by its path.
    files
        SHA-256 and size in bytes of each file.
    tensorflow, optiplug
        The versions that wrote it.
    metadata
        What was given to `Checkpoints.save`.
    """

    step: int
    run: str
    identity: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Spec]]
    state_versions: Mapping[str, Mapping[str, int]]
    files: Mapping[str, tuple[str, int]]
    tensorflow: str
    optiplug: str
    metadata: Mapping[str, Any]

    @property
    def table(self) -> dict[str, Spec]:
        """Dtype and shape of each value by its key, after the name of its files if those are several."""
        if len(self.tables) == 1:
            return dict(next(iter(self.tables.values())))
        return {f"{part}: {key}": spec for part, table in self.tables.items() for key, spec in table.items()}

    def dump(self) -> bytes:
        """Return the text of the manifest, with a checksum of itself."""
        content = {"format": FORMAT, **{each.name: getattr(self, each.name) for each in fields(self)}}
        content["files"] = {
            name: {"sha256": checksum, "bytes": size} for name, (checksum, size) in self.files.items()
        }
        return _dumped(content)

    @classmethod
    def parse(cls, text: bytes, where: str) -> Manifest:
        """Return what a text says.

        Raises
        ------
        CorruptCheckpointError
            If that is not, byte for byte, what `dump` writes.
        NewerCheckpointError
            If it has a later format.
        """
        try:
            content = json.loads(text)
            whole = isinstance(content, dict) and not _too_deep(content)
            same = whole and _dumped({k: v for k, v in content.items() if k != "sha256"}) == text
        except (ValueError, RecursionError) as error:
            raise _corrupt(f"the manifest is no JSON: {error}", where) from error
        if not same:
            raise _corrupt("the manifest does not have the checksum that it tells", where)
        found = content["format"] if _is_count(content.get("format")) else 0
        if found > FORMAT:
            raise NewerCheckpointError(
                f"the checkpoint has format {found}, newer than {FORMAT}", where=where, hint="update optiplug"
            )
        problem = _problem(content)
        if problem:
            raise _corrupt(f"the manifest is malformed: {problem}", where)
        return cls(
            **{each.name: content[each.name] for each in fields(cls)}
            | {
                "tables": {
                    part: {key: (dtype, tuple(shape)) for key, (dtype, shape) in table.items()}
                    for part, table in content["tables"].items()
                },
                "files": {name: (each["sha256"], each["bytes"]) for name, each in content["files"].items()},
            }
        )


def plain(value: object, deepest: int = _DEEPEST) -> Any:
    """Return a value as JSON has it, tuples as lists.

    Raises
    ------
    TypeError
        If JSON would not keep it as it is.
    """
    if deepest == 0:
        raise TypeError(f"deeper than {_DEEPEST} levels")
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys must be text")
        return {key: plain(each, deepest - 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, deepest - 1) for each in value]
    if value is None or type(value) in {bool, int, str} or (type(value) is float and math.isfinite(value)):
        return value
    raise TypeError(f"{value!r:.100} is no JSON")


def differences(one: Manifest, other: Manifest) -> list[tuple[str, str, str]]:
    """Return (name, one, other) for each entry of two manifests that differs, but checksums and the run."""
    was, now = (
        {each.name: getattr(manifest, each.name) for each in fields(manifest) if each.name not in _UNCOMPARED}
        | {"table": {key: f"{dtype} {shape}" for key, (dtype, shape) in manifest.table.items()}}
        for manifest in (one, other)
    )
    return list(changes(was, now))


_UNCOMPARED = {"files", "run", "tables"}


def changes(saved: object, now: object, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (path, saved, now) for each value that differs between two nested JSON values.

    >>> list(changes({"rate": 0.1, "rule": {"seed": 1}}, {"rate": 0.1, "rule": {"seed": 2}}))
    [('rule.seed', '1', '2')]
    """
    if isinstance(saved, Mapping) and isinstance(now, Mapping):
        for key in sorted(saved.keys() | now.keys()):
            yield from changes(saved.get(key, _ABSENT), now.get(key, _ABSENT), f"{path}.{key}".lstrip("."))
    elif saved != now or type(saved) is not type(now):
        yield path, _shown(saved), _shown(now)


_ABSENT = object()


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "-"
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value, sort_keys=True)


def _corrupt(rule: str, where: str) -> CorruptCheckpointError:
    return CorruptCheckpointError(rule, where=where)


def _dumped(content: Mapping[str, Any]) -> bytes:
    """Return the one text of a content, which its checksum ends."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return f'{text[:-1]},"sha256":"{checksum}"}}\n'.encode()


def _too_deep(content: object) -> bool:
    level = [content]
    for _ in range(_DEEPEST + 5):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
        ]
    return bool(level)


def _problem(content: dict[str, Any]) -> str:
    """Return what is wrong with the content of a manifest, nothing if it is as `Manifest` says."""
    known = {"format", "sha256", *(each.name for each in fields(Manifest))}
    if content.keys() != known:
        return f"{sorted(known ^ content.keys())[:3]} are missing or unknown"
    for name, rule, holds in _RULES:
        if not holds(content[name]):
            return f"`{name}` must be {rule}"
    bundles = {match[1] for match in map(_FILE.fullmatch, content["files"]) if match}
    if bundles != content["tables"].keys():
        return "`files` and `tables` must be of the same values"
    return ""


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_spec(value: object) -> bool:
    match value:
        case [str(), [*shape]]:
            return all(map(_is_count, shape))
    return False


def _is_file(value: object) -> bool:
    match value:
        case {"sha256": str(checksum), "bytes": size, **others}:
            return not others and _is_count(size) and bool(_SUM.fullmatch(checksum))
    return False


def _each(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(holds, value.values()))


_RULES: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("format", "1", lambda value: type(value) is int and value == FORMAT),
    ("step", "a whole number from 0 on", _is_count),
    ("run", "text", _is_text),
    ("identity", "a mapping", lambda value: isinstance(value, dict)),
    ("tables", "dtypes and shapes by key", _each(_each(_is_spec))),
    ("state_versions", "whole numbers by owner", _each(_each(_is_count))),
    ("files", "checksums and sizes by name", _each(_is_file)),
    ("files", "files of values", lambda value: value and all(map(_FILE.fullmatch, value))),
    ("tensorflow", "text", _is_text),
    ("optiplug", "text", _is_text),
    ("metadata", "a mapping", lambda value: isinstance(value, dict)),
)
