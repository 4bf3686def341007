"""What becomes of an argument of another library: the vocabulary of the tables in `sources`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from optiplug.errors import ConfigError, Problem

from .draft import Draft, Path

__all__ = [
    "LIST",
    "MAPPING",
    "NUMBER",
    "SQUARED",
    "TEXT",
    "WHOLE",
    "Arguments",
    "By",
    "Globs",
    "Ignored",
    "Kept",
    "Neutral",
    "Noted",
    "OrNone",
    "Processor",
    "Row",
    "Rule",
    "To",
    "Unsupported",
    "typed",
]

Arguments = Mapping[str, object]

SQUARED = "the square: epsilon is added below a root here, and to the root there"
"""The comment at an epsilon that has another place."""


Types = tuple[type, ...]

NUMBER: Types = (int, float)
WHOLE: Types = (int,)
TEXT: Types = (str,)
LIST: Types = (list, tuple)
MAPPING: Types = (Mapping,)
"""Types of arguments that are calculated with."""

_WORDS: Mapping[Types, str] = {
    NUMBER: "a number",
    WHOLE: "a whole number",
    TEXT: "a text",
    LIST: "a list",
    MAPPING: "a mapping",
}


def typed(value: object, of: Types, path: Path) -> None:
    """Raise an error for an argument of another type; none given are all types.

    Raises
    ------
    ConfigError
        For a value that is none of them.
    """
    # In Python a bool is a whole number.
    if of and (not isinstance(value, of) or isinstance(value, bool)):
        raise ConfigError([Problem(path, f"must be {_WORDS[of]}", value)])


class Rule(Protocol):
    """What becomes of one argument; `words` says so in the table of the documentation."""

    @property
    def words(self) -> str:
        """The rule in a few words."""

    def apply(self, value: object, path: Path, draft: Draft) -> None:
        """Write what the value, which is not None, means here."""


@dataclass(frozen=True)
class To:
    """A field here, of the same meaning; `note` says what differs, and is written beside it."""

    name: str
    note: str = ""
    value: Callable[[Any], object] | None = None
    of: Types = ()

    @property
    def words(self) -> str:
        """The rule in a few words."""
        return f"`{self.name}`" + (f": {self.note}" if self.note else "")

    def apply(self, value: object, path: Path, draft: Draft) -> None:
        """Write what the value means here."""
        typed(value, self.of, path)
        draft.set(self.name, self.value(value) if self.value else value, path)
        if self.note:
            draft.note(self.note, self.name)


@dataclass(frozen=True)
class OrNone(To):
    """A field here, of the same meaning, for which None says that there is none."""


@dataclass(frozen=True)
class Globs:
    """A list of regular expressions on names; none of them need match."""

    name: str
    note: str = "searched in the whole path of a variable here, and in its name there"

    @property
    def words(self) -> str:
        """The rule in a few words."""
        return f"`{self.name}`, as `re:`"

    def apply(self, value: object, path: Path, draft: Draft) -> None:
        """Write what the value means here."""
        patterns = [value] if isinstance(value, str) else value
        if not isinstance(patterns, Sequence) or not all(isinstance(each, str) for each in patterns):
            draft.refuse(path, "must be a list of regular expressions", value)
        elif patterns:
            draft.set(self.name, [f"?re:{each}" for each in patterns], path)
            draft.note(self.note, self.name)


@dataclass(frozen=True)
class Processor:
    """A processor; 0 is none. `first` puts it before all others."""

    use: str
    name: str
    fixed: Arguments = field(default_factory=dict)
    first: bool = False
    note: str = ""

    @property
    def words(self) -> str:
        """The rule in a few words."""
        return f"processor `{self.use}`, its `{self.name}`" + (f": {self.note}" if self.note else "")

    def apply(self, value: object, path: Path, draft: Draft) -> None:
        """Write what the value means here."""
        if not value:
            return
        draft.add(self.use, path, {self.name: value, **self.fixed}, first=self.first)
        if self.note:
            draft.note(self.note, "processors", 0 if self.first else len(draft.processors) - 1)


@dataclass(frozen=True)
class Ignored:
    """Nothing: it changes no number, and `why` says how that is here."""

    why: str

    @property
    def words(self) -> str:
        """The rule in a few words."""
        return f"not needed: {self.why}"

    def apply(self, value: object, path: Path, draft: Draft) -> None:
        """Write nothing."""


@dataclass(frozen=True)
class Neutral:
    """Nothing as long as it has one of the values that say nothing; else refused, with what to do."""

    values: tuple[object, ...]
    why: str

    @property
    def words(self) -> str:
        """The rule in a few words."""
        return f"refused, unless {' or '.join(map(str, self.values))}: {self.why}"

    def apply(self, value: object, path: Path, draft: Draft) -> None:
        """Write what the value means here."""
        if value not in self.values:
            draft.refuse(path, "has no counterpart", value, self.why)


@dataclass(frozen=True)
class By:
    """What a function writes, in the words of the documentation."""

    function: Callable[[object, Path, Draft], None]
    words: str

    def apply(self, value: object, path: Path, draft: Draft) -> None:
        """Write what the value means here."""
        self.function(value, path, draft)


@dataclass(frozen=True)
class Kept:
    """What the `after` of a row makes something of, in the words of the documentation."""

    words: str
    of: Types = ()

    def apply(self, value: object, path: Path, draft: Draft) -> None:
        """Write what the value means here."""
        typed(value, self.of, path)
        draft.set(str(path[-1]), value, path)


@dataclass(frozen=True)
class Noted:
    """Nothing but a comment at a field, with the value for ``{}``."""

    name: str
    note: str

    @property
    def words(self) -> str:
        """The rule in a few words."""
        return "a comment: " + self.note.format("its value")

    def apply(self, value: object, path: Path, draft: Draft) -> None:  # as every rule
        """Write the comment."""
        draft.note(self.note.format(value), self.name)


@dataclass(frozen=True)
class Row:
    """A class or function of another library that has a counterpart here.

    `defaults` are those of its arguments that a field here does not have, `fixed` what a config here has to
    say beside them; `notes` are comments on the whole. `after` may change what the arguments have written, of
    which it needs those in `needs`.
    """

    use: str
    arguments: Mapping[str, Rule]
    defaults: Arguments = field(default_factory=dict)
    fixed: Arguments = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    after: Callable[[Draft], None] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unsupported:
    """A class or function of another library that has no counterpart here, and the reason."""

    why: str
