"""What a conversion has written so far: fields, comments, and what it could not write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from optiplug.errors import Problem

__all__ = ["Draft", "Path"]

Path = tuple[str | int, ...]
"""The keys and list positions that lead to a value."""


_NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass
class Draft:
    """A config under construction.

    `notes` holds comments by the path of what they stand at, `left_out` what has no counterpart, by its
    path in the source, and `origins` where a field comes from there.
    """

    fields: dict[str, object] = field(default_factory=dict)
    processors: list[dict[str, object]] = field(default_factory=list)
    notes: dict[Path, list[str]] = field(default_factory=dict)
    left_out: list[Problem] = field(default_factory=list)
    origins: dict[Path, Path] = field(default_factory=dict)

    def set(self, name: str, value: object, origin: Path) -> None:
        """Write a field."""
        self.fields[name] = value
        self.origins[(name,)] = origin

    def add(
        self, use: str, origin: Path, fields: Mapping[str, object] = _NOTHING, *, first: bool = False
    ) -> None:
        """List a processor, at the end or at the beginning."""
        entry = {"use": use, **fields}
        if first:
            self.processors.insert(0, entry)
            self._shift()
        else:
            self.processors.append(entry)
        self.origins[("processors", 0 if first else len(self.processors) - 1)] = origin

    def note(self, text: str, *path: str | int) -> None:
        """Write a comment at what `path` leads to, or at the config itself."""
        told = self.notes.setdefault(path, [])
        if text not in told:
            told.append(text)

    def refuse(self, path: Path, rule: str, received: object, hint: str = "", *, key: bool = False) -> None:
        """Say that something of the source cannot be converted."""
        self.left_out.append(Problem(path, rule, received, hint, key=key))

    def adopt(self, notes: Mapping[Path, list[str]], *path: str | int) -> None:
        """Take over the comments of a part that was written by itself."""
        for below, texts in notes.items():
            for text in texts:
                self.note(text, *path, *below)

    def listed(self, part: Draft, origin: Path, *, first: bool = False) -> None:
        """List what was written by itself as a processor, with its comments."""
        fields = dict(part.fields)
        self.add(str(fields.pop("use")), origin, fields, first=first)
        place = 0 if first else len(self.processors) - 1
        for text in (text for texts in part.notes.values() for text in texts):
            self.note(text, "processors", place)
        self.left_out += part.left_out

    def _shift(self) -> None:
        """Let comments and origins follow the processors that moved by one place."""
        self.notes = {_shifted(path): texts for path, texts in self.notes.items()}
        self.origins = {_shifted(path): origin for path, origin in self.origins.items()}

    def as_config(self) -> dict[str, object]:
        """Return the fields, with the name and the rate at the beginning and the processors at the end."""
        told: dict[str, object] = {}
        for name in ("use", "learning_rate", *self.fields):
            if name in self.fields:
                told[name] = self.fields[name]
        return {**told, "processors": self.processors} if self.processors else told


def _shifted(path: Path) -> Path:
    match path:
        case ("processors", int(place), *rest):
            return ("processors", place + 1, *rest)
    return path
