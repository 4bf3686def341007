"""Entry points of the installed distributions, read from their metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import importlib_metadata

from optiplug.errors import ConfigError

__all__ = ["KINDS", "NAME", "SESSION", "Entry", "Reference", "canonical", "installed"]

KINDS = {
    "optimizers": "optiplug.optimizers",
    "processors": "optiplug.processors",
    "schedules": "optiplug.schedules",
    "tasks": "optiplug.tasks",
    "commands": "optiplug.commands",
}
"""Every kind of plugin, with the entry point group that offers it."""

SESSION = "this session"
"""The distribution of plugins registered by code; no installed one can have a name with a space."""

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
"""What a plugin may be called."""

_UMBRELLA = "optiplug"
# A distribution's name and several bounds fit, and no number that takes minutes to read.
_LONGEST_REFERENCE = 256
_DISTRIBUTION = rf"{SESSION}|[A-Za-z0-9][A-Za-z0-9._-]*"
_VERSIONS = r"\s*(?P<versions>[<>=!~][^@;]*)"
_REFERENCE = re.compile(rf"(?P<name>{NAME.pattern})(@(?P<distribution>{_DISTRIBUTION})({_VERSIONS})?)?")


def canonical(name: str) -> str:
    """Return the form in which all spellings of the name of a distribution are equal.

    Examples
    --------
    >>> canonical("Optiplug_SGD")
    'optiplug-sgd'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class Entry:
    """One name offered by one distribution.

    Examples
    --------
    >>> from optiplug.registry import Entry
    >>> Entry("optimizers", "sgd", "optiplug-sgd", "0.1.0", "optiplug_sgd.config:SGDConfig").qualified
    'sgd@optiplug-sgd'
    """

    kind: str
    name: str
    distribution: str
    version: str
    target: str
    built_in: bool = False

    @property
    def qualified(self) -> str:
        """The reference that means this entry and no other."""
        return f"{self.name}@{self.distribution}"

    @property
    def order(self) -> tuple[str, ...]:
        """What entries are sorted by; it does not depend on where a distribution was found."""
        return (self.kind, self.name, canonical(self.distribution), self.version, self.target)

    def __str__(self) -> str:
        return f"{self.qualified} {self.version}".rstrip()


@dataclass(frozen=True)
class Reference:
    """A name, alone or with the distribution it must come from and the versions that are accepted.

    Examples
    --------
    >>> Reference.parse("sgd@optiplug-sgd>=0.1,<2")
    Reference(name='sgd', distribution='optiplug-sgd', versions='>=0.1,<2')
    """

    name: str
    distribution: str | None = None
    versions: str | None = None

    @classmethod
    def parse(cls, text: object) -> Reference:
        """Read ``name``, ``name@distribution`` or ``name@distribution>=1.2``.

        Raises
        ------
        ConfigError
            If `text` is anything else.
        """
        short = isinstance(text, str) and len(text) <= _LONGEST_REFERENCE
        match = _REFERENCE.fullmatch(str(text)) if short else None
        if match is None:
            raise ConfigError(
                "must be NAME, NAME@DISTRIBUTION or NAME@DISTRIBUTION>=VERSION",
                received=text,
                hint="a name has lower-case letters, digits, `_` and `-`; a Python path selects nothing",
            )
        return cls(match["name"], match["distribution"], match["versions"])

    def offered_by(self, entry: Entry) -> bool:
        """Whether `entry` has this name and, if one was given, this distribution."""
        return entry.name == self.name and (
            self.distribution is None or canonical(entry.distribution) == canonical(self.distribution)
        )

    def accepts(self, version: str) -> bool:
        """Whether `version` is accepted.

        Raises
        ------
        ConfigError
            If `versions` is no version specifier.
        """
        if self.versions is None:
            return True
        # Imported late: few references have versions, and every command line starts here.
        from packaging.specifiers import InvalidSpecifier, SpecifierSet
        from packaging.version import InvalidVersion

        try:
            # By default `packaging` passes over development versions, also if one is installed.
            return SpecifierSet(self.versions).contains(version, prereleases=True)
        except InvalidSpecifier:
            rule = "must ask for versions as in `>=1.2,<2`"
            raise ConfigError(rule, received=self.versions) from None
        except InvalidVersion:
            return False


def installed() -> Iterator[Entry]:
    """Read every entry point of our groups; no plugin is imported."""
    kinds = {group: kind for kind, group in KINDS.items()}
    built_in = _built_in()
    seen = set()
    for distribution in importlib_metadata.distributions():
        try:
            # Most distributions have no plugin, and this search is faster than parsing their entry points.
            if "optiplug." not in (distribution.read_text("entry_points.txt") or ""):
                continue
            name, version = distribution.name, distribution.version
            known = canonical(name)
            points = [point for point in distribution.entry_points if point.group in kinds]
        except Exception:  # noqa: BLE001, S112  # a file that cannot be read must not hide the others
            continue
        if known not in seen:  # of two copies on the path Python, too, imports the first
            seen.add(known)
            for point in points:
                kind = kinds[point.group]
                yield Entry(kind, point.name, name, version, point.value, known in built_in)


def _built_in() -> frozenset[str]:
    """Return the distributions that the umbrella distribution asks for, those of its extras included."""
    try:
        required = importlib_metadata.requires(_UMBRELLA) or []
    except importlib_metadata.PackageNotFoundError:
        return frozenset()
    # The name only: a requirement goes on with versions, extras and markers.
    names = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in required)
    return frozenset(canonical(name.group()) for name in names if name)
