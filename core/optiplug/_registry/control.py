"""What may be used at all, as the environment, code and documents say, before anything is imported."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from optiplug.errors import ConfigError, sentence

from .entry_points import Entry
from .metadata import canonical
from .near_names import near

__all__ = ["Control", "Controls", "warn_of_typing_errors"]

_BLOCK, _PLUGINS = "OPTIPLUG_BLOCK", "OPTIPLUG_PLUGINS"
_NO_AUTOLOAD, _STRICT = "OPTIPLUG_DISABLE_AUTOLOAD", "OPTIPLUG_STRICT"
# In the order in which they begin.
_DOCUMENTS: ContextVar[tuple[Control, ...]] = ContextVar("documents", default=())
_FLAGS = {"": False, "0": False, "false": False, "1": True, "true": True}


@dataclass(frozen=True)
class Control:
    """Which plugins may be used, and in whose words it is said that one may not.

    `blocked` has names, distributions and ``name@distribution``. `allowed` has distributions: of the plugins
    that neither belong to the standard installation nor were registered by code, only theirs can be used;
    None allows all. With `strict`, any trouble with a plugin is an error.
    """

    blocked: frozenset[str] = frozenset()
    allowed: frozenset[str] | None = None
    strict: bool = False
    blocking: str = f"{_BLOCK} or registry.block"
    allowing: str = _PLUGINS

    @classmethod
    def of_environment(cls, variables: Mapping[str, str]) -> Control:
        """Return what these environment variables say.

        Raises
        ------
        ConfigError
            If one that is a truth value says anything else.

        Examples
        --------
        >>> Control.of_environment({"OPTIPLUG_PLUGINS": "Optiplug_Swift,"}).allowed
        frozenset({'optiplug-swift'})
        """
        allowed, allowing = None, _PLUGINS
        only, strict = _flag(_NO_AUTOLOAD, variables), _flag(_STRICT, variables)
        if _PLUGINS in variables:
            allowed = _names(variables[_PLUGINS])
        elif only:
            allowed, allowing = frozenset[str](), f"{_PLUGINS}, as {_NO_AUTOLOAD} is set,"
        return cls(_names(variables.get(_BLOCK, "")), allowed, strict, allowing=allowing)

    def refusal(self, entry: Entry, *, registered: bool) -> tuple[str, str]:
        """Return why an entry may not be used, and what to do; two empty texts if it may."""
        names = (entry.name, entry.distribution, entry.qualified)
        if not self.blocked.isdisjoint(map(canonical, names)):
            return f"is blocked by {self.blocking}", "take it out there, or use another"
        ours = registered or entry.built_in or self.allowed is None
        if ours or canonical(entry.distribution) in (self.allowed or ()):
            return "", ""
        return f"is not among those that {self.allowing} allows", f"add {entry.distribution} there"


class Controls:
    """All that is in force: what the environment and code say, and the documents that are being resolved."""

    def __init__(self) -> None:
        # Understood when first needed: what is wrong with it must not break `import optiplug`.
        self._environment = dict(os.environ)
        self._own: Control | None = None

    @property
    def own(self) -> Control:
        """That of the environment and of code, for the whole process."""
        if self._own is None:
            self._own = Control.of_environment(self._environment)
        return self._own

    @property
    def strict(self) -> bool:
        """Whether any trouble is an error now."""
        return any(control.strict for control in self._in_force)

    @property
    def limiting(self) -> bool:
        """Whether a document says now what may be used, which is not for the process."""
        return bool(_DOCUMENTS.get())

    @property
    def _in_force(self) -> tuple[Control, ...]:
        return (self.own, *_DOCUMENTS.get())

    def refusal(self, entry: Entry, *, registered: bool) -> tuple[str, str]:
        """Return why an entry may not be used now, and what to do; two empty texts if it may."""
        refusals = (control.refusal(entry, registered=registered) for control in self._in_force)
        return next((each for each in refusals if each[0]), ("", ""))

    def block(self, reference: str, *, on: bool) -> None:
        """Block a reference, or let it be."""
        names = frozenset({canonical(reference.strip())})
        self._own = replace(self.own, blocked=self.own.blocked | names if on else self.own.blocked - names)

    def be_strict(self, strict: bool) -> None:
        """Let trouble be an error in this process, or not."""
        self._own = replace(self.own, strict=strict)

    @contextmanager
    def limited(self, control: Control) -> Iterator[None]:
        """Add a control within this context; other threads and tasks have none of it."""
        token = _DOCUMENTS.set((*_DOCUMENTS.get(), control))
        try:
            yield
        finally:
            _DOCUMENTS.reset(token)


def warn_of_typing_errors(control: Control, entries: Iterable[Entry]) -> None:
    """Warn of names that are blocked and not there, but nearly: what is meant would be used in silence."""
    names = ((entry.name, entry.distribution, entry.qualified) for entry in entries)
    known = {canonical(name) for several in names for name in several} if control.blocked else set()
    for name in sorted(control.blocked):
        if meant := near(name, known):
            rule = f"{control.blocking} has {name!r}, and nothing that is installed is called so"
            warnings.warn(sentence(rule, hint=f"did you mean {meant!r}?"), RuntimeWarning, stacklevel=2)


def _names(text: str) -> frozenset[str]:
    return frozenset(canonical(each.strip()) for each in text.split(",") if each.strip())


def _flag(name: str, variables: Mapping[str, str]) -> bool:
    value = variables.get(name, "")
    if value.lower() not in _FLAGS:
        raise ConfigError("must be 1 or 0", where=name, received=value)
    return _FLAGS[value.lower()]
