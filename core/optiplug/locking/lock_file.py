"""The lock file: what can be in it, how it is read, and how it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator, model_validator

from optiplug._config.section import Section
from optiplug._registry.entry_points import KINDS
from optiplug._registry.entry_points import NAME as PLUGIN
from optiplug._regular_file import opened
from optiplug.document import Document, read_stream
from optiplug.errors import ConfigError, Problem

__all__ = ["NAME", "Lock", "LockFile", "LockedDistribution", "beside", "lock_for", "read_lock"]

NAME = "optiplug.lock"
"""What a lock file is called, beside the configs that it is for."""

_FORMAT = 1
_HEAD = "# The plugins of configs, as `optiplug lock` found them; `--locked` refuses others.\n"
_AGAIN = "`optiplug lock FILE` writes it again"

# ASCII only, in one spelling: what looks like another name is none.
_Plugin = Annotated[str, StringConstraints(pattern=f"^{PLUGIN.pattern}$")]
_Distribution = Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=200)]
_Version = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9.!+_-]*$", max_length=100)]
_Sum = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
# Not `file:`, which is a path of a machine.
SOURCE = re.compile(r"([a-z]+\+)?(https?|ssh|git)://[!-~]{1,2000}")
"""Where a distribution may have been installed from."""

_Source = Annotated[str, StringConstraints(pattern=f"^{SOURCE.pattern}$")]


class LockedDistribution(Section):
    """A distribution as it was when its plugins were locked.

    >>> LockedDistribution(version="1.0", sha256="0" * 64, plugins={"schedules": ["cosine"]}).version
    '1.0'
    """

    version: _Version
    """What its metadata say."""
    sha256: _Sum
    """One sum of the names and contents of all its files."""
    source: _Source | None = None
    """Where it was installed from, if that was told; None: an index, or a folder."""
    requires: tuple[_Distribution, ...] = ()
    """The distributions with plugins that it requires."""
    plugins: dict[str, tuple[_Plugin, ...]] = Field(default_factory=dict)
    """Its plugins that the configs use, by kind."""

    @field_validator("plugins")
    @classmethod
    def _kinds_exist(cls, plugins: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        odd = [kind for kind in plugins if kind not in KINDS]
        if odd:
            raise ConfigError([Problem((kind,), f"must be one of {', '.join(KINDS)}", kind) for kind in odd])
        return plugins


class LockFile(Section):
    """What a lock file says: distributions by name, the core among them.

    >>> LockFile(format=1, distributions={})
    Traceback (most recent call last):
    optiplug.ConfigError: distributions: must have optiplug-core. Received: [].
    """

    format: Annotated[int, Field(ge=_FORMAT, le=_FORMAT)]
    """Version of the form of this file."""
    distributions: dict[_Distribution, LockedDistribution]
    """Each with the plugins that are used, and those that they require."""

    @field_validator("distributions")
    @classmethod
    def _has_the_core(cls, found: dict[str, LockedDistribution]) -> dict[str, LockedDistribution]:
        if CORE not in found:
            raise ConfigError(f"must have {CORE}", received=[*found])
        return found

    @model_validator(mode="after")
    def _requirements_are_locked(self) -> LockFile:
        missing = [
            Problem(("distributions", name, "requires", index), "must be among the distributions", required)
            for name, each in self.distributions.items()
            for index, required in enumerate(each.requires)
            if required not in self.distributions
        ]
        if missing:
            raise ConfigError(missing)
        return self

    def offering(self, kind: str, plugin: str) -> list[str]:
        """Return the distributions of which a plugin is locked."""
        return [name for name, each in self.distributions.items() if plugin in each.plugins.get(kind, ())]

    def text(self) -> str:
        """Return the file as it is written: sorted, a fact in a line."""
        return _HEAD + "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"format = {self.format}\n"
        for name, each in sorted(self.distributions.items()):
            yield f"[distributions.{name}]"
            yield f"version = {json.dumps(each.version)}"
            yield f"sha256 = {json.dumps(each.sha256)}"
            if each.source is not None:
                yield f"source = {json.dumps(each.source)}"
            if each.requires:
                yield f"requires = {_list(each.requires)}"
            if each.plugins:
                yield f"\n[distributions.{name}.plugins]"
                yield from (f"{kind} = {_list(names)}" for kind, names in _by_kind(each.plugins))
            yield ""


CORE = "optiplug-core"
"""The distribution of the core, which is in every lock file."""


@dataclass(frozen=True)
class Lock:
    """A lock file that was read, with the place of each of its values."""

    file: LockFile
    document: Document

    @property
    def source(self) -> str:
        """The path as it was given."""
        return self.document.source


def beside(config: str | PathLike[str]) -> str:
    """Return the path of the lock file of a config; `-`, standard input, is in the current folder.

    >>> beside("runs/sgd.yaml"), beside("-")
    ('runs/optiplug.lock', 'optiplug.lock')
    """
    return fspath(Path(config).with_name(NAME))


def lock_for(config: str | PathLike[str], *, locked: bool, path: str | PathLike[str] | None) -> Lock | None:
    """Return the lock file that is asked for: this one, or if `locked` the one beside a config; else None.

    Raises
    ------
    ConfigError
        As `read_lock` does.

    Examples
    --------
    >>> lock_for("sgd.yaml", locked=False, path=None)
    """
    return read_lock(path or beside(config)) if locked or path else None


def read_lock(path: str | PathLike[str]) -> Lock:
    """Read a lock file.

    Raises
    ------
    ConfigError
        With line and column, if it is none, or if it cannot be read: only a regular file with a limit is.

    Examples
    --------
    >>> read_lock("missing.lock")
    Traceback (most recent call last):
    optiplug.ConfigError: missing.lock: the lock file cannot be read: No such file or directory. Hint: ...
    """
    source = fspath(path)
    try:
        with opened(source) as file:
            document = read_stream(file, "toml", source)
    except ConfigError as error:
        raise error.each(lambda problem: replace(problem, hint=_AGAIN)) from None
    # A name with a NUL is a ValueError.
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"the lock file cannot be read: {reason}", where=source, hint=_AGAIN) from None
    try:
        return Lock(_checked(document.data), document)
    except ConfigError as error:
        raise document.locate(error) from None


def _checked(data: Mapping[str, Any]) -> LockFile:
    """Validate the version of the form first: of another one nothing else can be said."""
    version = data.get("format")
    if type(version) is int and version > _FORMAT:
        rule = f"a lock file of form {version} was written by a newer version of optiplug"
        raise ConfigError([Problem(("format",), rule, version, "update optiplug-core")])
    return LockFile(**data)


def _by_kind(plugins: Mapping[str, Iterable[str]]) -> list[tuple[str, Iterable[str]]]:
    return [(kind, plugins[kind]) for kind in KINDS if kind in plugins]


def _list(names: Iterable[str]) -> str:
    """Return names as a list, each in a line: two branches that add one can be merged."""
    return "[\n" + "".join(f"    {json.dumps(each)},\n" for each in sorted(names)) + "]"
