"""The registry: finds plugins by name and imports those that are asked for.

A plugin stands for one name of one distribution. Only the metadata of the installed
distributions is read until something asks for it by name; so whatever else is installed,
however broken, neither slows a program down nor stops it.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Sequence
from functools import reduce
from types import ModuleType
from typing import Any

from optiplug.errors import (
    AmbiguousPluginError,
    BlockedPluginError,
    BrokenPluginError,
    ConfigError,
    IncompatiblePluginError,
    UnknownPluginError,
    nearest,
)

from .entry_points import KINDS, NAME, SESSION, Entry, Reference, canonical, installed
from .extras import how_to_install

__all__ = ["Registry", "installed_plugins"]

_UNBLOCK = "see OPTIPLUG_BLOCK and registry.unblock"


class Registry:
    """An index of plugins, with those that were imported and those that code has registered.

    Names that the distribution `optiplug` brings along are reserved: a stranger's plugin of the
    same name is found as ``name@distribution`` only. Where several strangers offer one name,
    using it is an error that names them. The order of `sys.path` never decides.

    The environment variable OPTIPLUG_BLOCK, read when a registry is made, lists what to `block`.

    Examples
    --------
    >>> from optiplug import registry
    >>> registry.find("optimizers", "sgd").qualified
    'sgd@optiplug-sgd'
    """

    def __init__(self) -> None:
        self._index: tuple[Entry, ...] | None = None
        # Apart from what is imported, since `refresh` must not forget what code registered.
        self._session: dict[Entry, Any] = {}
        self._loaded: dict[Entry, Any] = {}
        self._broken: dict[Entry, BrokenPluginError] = {}
        self._blocked: set[str] = set()
        for reference in os.environ.get("OPTIPLUG_BLOCK", "").split(","):
            if reference.strip():
                self.block(reference)

    def entries(self, kind: str | None = None) -> tuple[Entry, ...]:
        """Return all that is on offer, or all of one kind, sorted by kind, name and distribution.

        Raises
        ------
        ConfigError
            If there is no such kind.

        Examples
        --------
        >>> from optiplug import registry
        >>> "sgd" in [entry.name for entry in registry.entries("optimizers")]
        True
        """
        if kind is not None and kind not in KINDS:
            raise ConfigError(f"must be one of {', '.join(KINDS)}", received=kind, hint=nearest(kind, KINDS))
        # Read when first asked: reading metadata takes time that `import optiplug` should not.
        if self._index is None:
            known = {*installed(), *self._session}
            # Sorted, so that the order of `sys.path` has no influence: docs/design/own-index-of-plugins.md.
            self._index = tuple(sorted(known, key=lambda entry: entry.order))
        return self._index if kind is None else tuple(each for each in self._index if each.kind == kind)

    def find(self, kind: str, reference: object) -> Entry:
        """Return the entry that a reference means, without importing it.

        Parameters
        ----------
        kind
            One of `KINDS`.
        reference
            ``name``, ``name@distribution`` or ``name@distribution>=1.2,<2``.

        Raises
        ------
        ConfigError
            If `reference` has another form, or there is no such kind.
        UnknownPluginError
            If no installed distribution, or not this one, offers the name.
        IncompatiblePluginError
            If the installed version is not among those asked for.
        BlockedPluginError
            If everything that the reference could mean is blocked.
        AmbiguousPluginError
            If several distributions offer the name.

        Examples
        --------
        >>> from optiplug import registry
        >>> registry.find("optimizers", "sgd@optiplug-sgd>=0.1").name
        'sgd'
        """
        wanted = Reference.parse(reference)
        offers = [entry for entry in self.entries(kind) if wanted.offered_by(entry)]
        if not offers:
            raise self._unknown(kind, wanted, reference)
        fitting = [entry for entry in offers if wanted.accepts(entry.version)]
        if not fitting:
            rule = f"installed is {_listed(offers)}, which will not do"
            raise IncompatiblePluginError(rule, received=reference, hint="install a version that fits")
        # A reserved name alone always means the standard installation.
        if wanted.distribution is None:
            fitting = [entry for entry in fitting if entry.built_in] or fitting
        allowed = [entry for entry in fitting if not self._is_blocked(entry)]
        if not allowed:
            raise BlockedPluginError(f"{_listed(fitting)} is blocked", received=reference, hint=_UNBLOCK)
        if len(allowed) > 1:
            rule = f"several distributions offer this name: {_listed(allowed)}"
            hint = f"choose one, as in {allowed[0].qualified}"
            raise AmbiguousPluginError(rule, received=reference, hint=hint)
        return allowed[0]

    def load(self, entry: Entry) -> Any:
        """Return the Config class of an entry, importing it the first time.

        Raises
        ------
        BrokenPluginError
            If that fails, with the reason, or if what the entry names is no such class.
        BlockedPluginError
            If the entry is blocked.
        """
        if self._is_blocked(entry):
            raise BlockedPluginError(f"{entry} is blocked", hint=_UNBLOCK)
        if entry in self._session:
            return self._session[entry]
        if entry in self._broken:
            # Not tried again: the first error says why, and a second import may fail otherwise.
            raise self._broken[entry]
        if entry not in self._loaded:
            try:
                self._loaded[entry] = _imported(entry)
            except BrokenPluginError as error:
                # Kept for `status` and `error`: a broken plugin is listed and harms no other one.
                self._broken[entry] = error
                raise
        return self._loaded[entry]

    def get(self, kind: str, reference: object) -> Any:
        """Return the Config class that a reference means: ``load(find(kind, reference))``.

        Raises
        ------
        ConfigError
            If `reference` has another form, or there is no such kind.
        PluginError
            If the plugin cannot be found, or cannot be used.

        Examples
        --------
        >>> from optiplug import registry
        >>> registry.get("optimizers", "sgd").__name__
        'SGDConfig'
        """
        return self.load(self.find(kind, reference))

    def status(self, entry: Entry) -> str:
        """Return "indexed", "loaded", "broken", "blocked" or "ambiguous" (needs its distribution's name)."""
        if self._is_blocked(entry):
            return "blocked"
        if entry in self._broken or not NAME.fullmatch(entry.name):
            return "broken"
        if self._rivals(entry):
            return "ambiguous"
        return "loaded" if entry in self._loaded or entry in self._session else "indexed"

    def error(self, entry: Entry) -> str:
        """Return why an entry cannot be used by its name alone; empty if it can."""
        status = self.status(entry)
        if status == "blocked":
            return f"blocked; {_UNBLOCK}"
        if status == "broken":
            return str(self._broken.get(entry, f"the name does not match {NAME.pattern}"))
        if status == "ambiguous":
            rivals = self._rivals(entry)
            rule = "the name is reserved for" if rivals[0].built_in else "the name is also offered by"
            return f"{rule} {_listed(rivals)}; use {entry.qualified}"
        return ""

    def register(self, kind: str, name: str, obj: type, distribution: str = SESSION) -> Entry:
        """Offer `obj`, a Config class of this kind, by name until the process ends.

        What the same distribution registered by this name before is replaced, so that a cell of a
        notebook can run twice.

        Raises
        ------
        ConfigError
            If the name is malformed, or `obj` is no Config class of this kind.
        AmbiguousPluginError
            If the name is reserved.
        """
        if not NAME.fullmatch(name):
            raise ConfigError(f"a plugin's name must match {NAME.pattern}", received=name)
        reserved = [entry for entry in self.entries(kind) if entry.name == name and entry.built_in]
        if reserved:
            rule = f"the name is reserved for {_listed(reserved)}"
            raise AmbiguousPluginError(rule, received=name, hint="choose another name")
        if not _is_config(obj, kind):
            raise ConfigError(f"must be a Config class of the {kind}", received=obj)
        self.unregister(kind, name, distribution)
        entry = Entry(kind, name, distribution, "", f"{obj.__module__}:{obj.__qualname__}")
        self._session[entry] = obj
        self._index = None
        return entry

    def unregister(self, kind: str, name: str, distribution: str = SESSION) -> None:
        """Take back what this distribution registered by this name, if anything."""
        for entry in list(self._session):
            if (entry.kind, entry.name, entry.distribution) == (kind, name, distribution):
                del self._session[entry]
                self._index = None

    def reference_of(self, obj: object) -> str:
        """Return the shortest reference to a Config class, or to the class that it configures.

        Nothing is imported.

        Raises
        ------
        UnknownPluginError
            If `obj` is not registered.

        Examples
        --------
        >>> from optiplug import registry
        >>> from optiplug_sgd.config import SGDConfig
        >>> registry.reference_of(SGDConfig)
        'sgd'
        """
        for entry in self.entries():
            config = self._present(entry)
            if config is not None and (config is obj or getattr(config, "implementation", None) is obj):
                return entry.qualified if self._rivals(entry) else entry.name
        hint = "give it one with optiplug.register"
        raise UnknownPluginError("has no name in the registry", received=obj, hint=hint)

    def block(self, reference: str) -> None:
        """Forbid a name, a ``name@distribution`` or all plugins of a distribution, until `unblock`.

        Examples
        --------
        >>> from optiplug import registry
        >>> registry.block("sgd")
        >>> entry = next(each for each in registry.entries("optimizers") if each.name == "sgd")
        >>> registry.status(entry)
        'blocked'
        >>> registry.unblock("sgd")
        >>> registry.find("optimizers", "sgd") == entry
        True
        """
        self._blocked.add(canonical(reference.strip()))

    def unblock(self, reference: str) -> None:
        """Undo `block` for the same reference."""
        self._blocked.discard(canonical(reference.strip()))

    def refresh(self) -> None:
        """Read the metadata again and forget what was imported, failures included."""
        # Python remembers what its folders held.
        importlib.invalidate_caches()
        self._index = None
        self._loaded.clear()
        self._broken.clear()

    def _is_blocked(self, entry: Entry) -> bool:
        names = (entry.name, entry.distribution, entry.qualified)
        return not self._blocked.isdisjoint(map(canonical, names))

    def _rivals(self, entry: Entry) -> list[Entry]:
        """Return the other entries that keep the name alone from meaning this one."""
        others = [each for each in self.entries(entry.kind) if each.name == entry.name and each != entry]
        reserved = [each for each in others if each.built_in]
        if entry.built_in or reserved:
            return reserved
        return [each for each in others if not self._is_blocked(each)]

    def _present(self, entry: Entry) -> Any:
        """Return what an entry names if that was imported already, by whomever."""
        if entry in self._session:
            return self._session[entry]
        module, _, attribute = entry.target.partition(":")
        here: Any = sys.modules.get(module)
        for name in attribute.split("."):
            # A module's __getattr__ might import. `getattr_static` is slow, and every plugin is asked.
            plain = isinstance(here, ModuleType)
            here = vars(here).get(name) if plain else inspect.getattr_static(here, name, None)
        return here

    def _unknown(self, kind: str, wanted: Reference, reference: object) -> UnknownPluginError:
        named = [entry for entry in self.entries(kind) if entry.name == wanted.name]
        if named:
            rule = f"this distribution offers no such plugin; installed is {_listed(named)}"
            return UnknownPluginError(rule, received=reference)
        guess = nearest(wanted.name, [entry.name for entry in self.entries(kind)])
        hint = how_to_install(kind, wanted.name)
        hint = hint or f"{guess} `optiplug list` shows what is installed, pip installs more"
        return UnknownPluginError(
            f"no installed distribution offers {wanted.name!r} among the {kind}",
            received=reference,
            hint=hint.strip(),
        )


def _listed(entries: Sequence[Entry]) -> str:
    return ", ".join(map(str, entries))


def _is_config(obj: object, kind: str) -> bool:
    # By attributes and not by base class: configs import this module.
    return isinstance(obj, type) and getattr(obj, "kind", None) == kind and hasattr(obj, "implementation")


def _imported(entry: Entry) -> Any:
    module, _, attribute = entry.target.partition(":")
    try:
        found = reduce(getattr, attribute.split("."), importlib.import_module(module))
    # A module may do anything when it is imported, `sys.exit` included.
    except (Exception, SystemExit) as error:
        rule = f"{entry} cannot be imported from {entry.target}: {type(error).__name__}: {error}"
        raise BrokenPluginError(rule) from error
    if not _is_config(found, entry.kind):
        raise BrokenPluginError(f"{entry.target} of {entry} is not a Config class of the {entry.kind}")
    return found


installed_plugins = Registry()
"""The registry of this process; `optiplug.registry` offers its methods as functions."""
