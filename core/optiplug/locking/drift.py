"""Refuses what is not as a lock file says, before any of it is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import importlib_metadata

from optiplug import registry
from optiplug._config.base import NamedConfig
from optiplug._config.inside import configs
from optiplug._config.keyword_processors import keyword_processors
from optiplug._config.kinds import OptimizerConfig
from optiplug._registry.entry_points import Entry, Reference
from optiplug._registry.guard import in_force
from optiplug._registry.installed_files import sha256_of_distribution
from optiplug._registry.metadata import canonical
from optiplug._registry.requirements import required
from optiplug.document import Document
from optiplug.errors import (
    BrokenPluginError,
    ConfigError,
    DriftError,
    IncompatiblePluginError,
    PluginError,
    Problem,
)

from .lock_file import CORE, Lock

__all__ = ["under"]

Thing = TypeVar("Thing")

_AGAIN = "if the change is meant, lock again: `optiplug lock FILE`"
_SHOWN = 12


def under(lock: Lock | None, make: Callable[[], Thing], document: Document | None = None) -> Thing:
    """Return the config, or what has configs in it, that a function makes, if all plugins are as locked.

    Each is compared before it is imported; None: with nothing. Problems are located in `document`.

    Raises
    ------
    DriftError
        If one is not: another version, other files, another distribution, not installed, not locked, or
        registered by code; with every one of them.

    Examples
    --------
    >>> import tempfile
    >>> from optiplug.locking import lock_of, read_lock
    >>> from optiplug_sgd.config import SGDConfig
    >>> with tempfile.NamedTemporaryFile("w", suffix=".lock") as file:
    ...     _ = file.write(lock_of([SGDConfig()]).text())
    ...     file.flush()
    ...     lock = read_lock(file.name)
    >>> under(lock, lambda: SGDConfig(momentum=0.9)).momentum
    0.9
    """
    if lock is None:
        return make()
    guard = _LockGuard(lock)
    guard.require_core()
    token, more = in_force.set(guard), 0
    try:
        made = make()
        # A config that was handed over was imported already, by whomever.
        problems = list(guard.problems(made))
    except ConfigError as error:
        if not guard.refused:
            raise
        problems, more = list(error.problems), error.more
    finally:
        in_force.reset(token)
    # Also if whoever asked for a plugin went on without it.
    problems = problems or [Problem((), rule, hint=hint, plugin=True) for rule, hint in guard.refused]
    if not problems:
        return made
    told = ConfigError(problems, more)
    told = told if document is None else document.locate(told)
    raise DriftError(list(_once(told.problems)), more) if guard.refused else told


def _once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the first of those that say the same: of a distribution, where its first plugin is."""
    told = set()
    for problem in problems:
        if (problem.rule, problem.hint) not in told:
            told.add((problem.rule, problem.hint))
            yield problem


class _LockGuard:
    """Permits what is as a lock file says; each distribution is compared once."""

    def __init__(self, lock: Lock) -> None:
        self.refused: list[tuple[str, str]] = []
        self._lock, self._file = lock, lock.file
        self._compared: dict[str, tuple[str, str] | None] = {}

    def permit(self, entry: Entry, *, by_code: bool) -> None:
        """Raise an IncompatiblePluginError if a plugin, or what it requires, is not as locked."""
        found = list(self._refusals(entry, by_code))
        if found:
            self.refused += found
            hints = dict.fromkeys(hint for _, hint in found)
            raise IncompatiblePluginError("; ".join(rule for rule, _ in found), hint="; ".join(hints))

    def absent(self, kind: str, wanted: Reference) -> PluginError | None:
        """Return what is to be said of a plugin that is locked and not installed."""
        for name in self._file.offering(kind, wanted.name):
            if wanted.distribution is None or canonical(wanted.distribution) == name:
                rule, hint = self._difference(name) or (f"{name} no longer offers {wanted.name}", _AGAIN)
                self.refused.append((rule, hint))
                return IncompatiblePluginError(rule, hint=hint)
        return None

    def require_core(self) -> None:
        """Raise a DriftError if the core itself is not as locked."""
        difference = self._difference(CORE)
        if difference is not None:
            rule, hint = difference
            path = ("distributions", CORE)
            position = self._lock.document.position(path)
            raise DriftError([Problem(path, rule, hint=hint, position=position, plugin=True)])

    def problems(self, config: object) -> Iterator[Problem]:
        """Yield what of a config is not as locked."""
        for path, each in configs(config):
            yield from self._problem((*path, "use"), each)
            if isinstance(each, OptimizerConfig):
                try:
                    # These are resolved now, and compared before they are imported.
                    keyword_processors(each)
                except ConfigError as error:
                    yield from (problem.within(*path) for problem in error.problems)

    def _problem(self, path: tuple[str | int, ...], config: NamedConfig) -> Iterator[Problem]:
        reference = registry.reference_of(type(config))
        entry = registry.find(config.kind, reference)
        for rule, hint in self._refusals(entry, not entry.version):
            self.refused.append((rule, hint))
            yield Problem(path, rule, reference, hint, plugin=True)

    def _refusals(self, entry: Entry, by_code: bool) -> Iterator[tuple[str, str]]:
        """Yield rule and hint of what keeps a plugin from being used."""
        where, name = self._lock.source, canonical(entry.distribution)
        locked = self._file.offering(entry.kind, entry.name)
        if by_code:
            hint = "offer it by an entry point of a distribution, or do without the lock"
            yield f"{entry} is registered by code, and not locked in {where}", hint
        elif not locked:
            yield f"{entry} is not locked in {where}", "`optiplug lock FILE` locks it"
        elif name not in locked:
            others = ", ".join(f"{entry.name}@{each} {self._version(each)}" for each in locked)
            rule = f"this is {entry}, and locked in {where} is {others}"
            yield rule, f"write `{entry.name}@{locked[0]}`, or remove {entry.distribution}; {_AGAIN}"
        else:
            yield from filter(None, map(self._difference, self._with_required(name)))

    def _with_required(self, name: str) -> list[str]:
        """Return a distribution and those that it requires, by the lock or by its metadata: both count."""
        reached: list[str] = []
        waiting = [name]
        while waiting:
            each = waiting.pop(0)
            if each not in reached:
                reached.append(each)
                locked = self._file.distributions.get(each)
                waiting += locked.requires if locked else ()
                waiting += sorted(map(canonical, required(each))) if _installed(each) else ()
        return reached

    def _difference(self, name: str) -> tuple[str, str] | None:
        if name not in self._compared:
            self._compared[name] = self._compare(name)
        return self._compared[name]

    def _compare(self, name: str) -> tuple[str, str] | None:
        """Return how a distribution is not as locked, as a rule and a hint."""
        where, installed, locked = self._lock.source, _installed(name), self._version(name)
        get = f"install {name}=={locked}, or {_AGAIN}"
        if not locked:
            return (
                f"{name} {installed} is required, and not locked in {where}",
                "`optiplug lock FILE` locks it",
            )
        if not installed:
            return f"{name} {locked} is locked in {where}, and not installed", get
        if installed != locked:
            return f"{name} {installed} is installed, and {locked} is locked in {where}", get
        try:
            total = sha256_of_distribution(name) or "out of reach"
        except BrokenPluginError as error:
            return error.rule, f"install {name} again"
        before = self._file.distributions[name].sha256
        if total == before:
            return None
        rule = f"the files of {name} {installed} are not those locked in {where}"
        rule += f": their SHA-256 is {total[:_SHOWN]}... and was {before[:_SHOWN]}..."
        return rule, f"install {name}=={locked} again: a file was changed, added or removed; {_AGAIN}"

    def _version(self, name: str) -> str:
        locked = self._file.distributions.get(name)
        return locked.version if locked else ""


def _installed(name: str) -> str:
    """Return the version of a distribution; empty if it is not installed."""
    try:
        return importlib_metadata.version(name) or ""
    # That of no version depends on the version of `importlib_metadata`.
    except (importlib_metadata.PackageNotFoundError, LookupError):
        return ""
