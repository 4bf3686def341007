"""Plugins as entry points name them, and the references by which configs mean them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from optiplug.errors import ConfigError

from .metadata import canonical

__all__ = ["KINDS", "NAME", "SESSION", "Entry", "Reference", "accepts"]

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

# A distribution's name and several bounds fit, and no number that takes minutes to read.
_LONGEST_REFERENCE = 256
_DISTRIBUTION = rf"{SESSION}|[A-Za-z0-9][A-Za-z0-9._-]*"
_VERSIONS = r"\s*(?P<versions>[<>=!~][^@;]*)"
_REFERENCE = re.compile(rf"(?P<name>{NAME.pattern})(@(?P<distribution>{_DISTRIBUTION})({_VERSIONS})?)?")


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
        return accepts(self.versions, version)


def accepts(versions: str, version: str) -> bool:
    """Whether a specifier such as ``>=1.2,<2`` accepts a version.

    Raises
    ------
    ConfigError
        If `versions` is no version specifier.

    Examples
    --------
    >>> accepts(">=1.2,<2", "1.4"), accepts(">=1.2", "unknown")
    (True, False)
    """
    # Imported late: few references have versions, and every command line starts here.
    from packaging.specifiers import SpecifierSet

    try:
        specifier = SpecifierSet(versions)
    except ValueError:  # `InvalidSpecifier`, and of Python for a number of thousands of digits
        rule = "must ask for versions as in `>=1.2,<2`"
        raise ConfigError(rule, received=versions) from None
    try:
        # By default `packaging` passes over development versions, also if one is installed.
        return specifier.contains(version, prereleases=True)
    except ValueError:  # what is installed has no version by which it could be compared
        return False
