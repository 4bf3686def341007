"""The registry: finds plugins by name and imports those that are asked for.

A plugin stands for one name of one distribution. Only the metadata of the installed
distributions is read until something asks for it by name; so whatever else is installed,
however broken, neither slows a program down nor stops it.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from optiplug.errors import (
    AmbiguousPluginError,
    BlockedPluginError,
    BrokenPluginError,
    ConfigError,
    UnknownPluginError,
    nearest,
)

from .control import Controls, warn_of_typing_errors
from .document_control import control_of
from .entry_points import KINDS, NAME, SESSION, Entry, Reference
from .finding import chosen, listed, not_offered, unusable
from .guard import in_force, require_permission
from .importing import config_class, is_config
from .index import Index, Offer, read_index
from .metadata import canonical
from .present import present
from .troubles import Trouble

__all__ = ["Registry", "installed_plugins"]


class Registry:
    """An index of plugins, with those that were imported and those that code has registered.

    Names that the distribution `optiplug` brings along are reserved: a stranger's plugin of the
    same name is found as ``name@distribution`` only. Where several strangers offer one name,
    using it is an error that names them. The order of `sys.path` never decides.

    The environment says what may be used, as it is when a registry is made: OPTIPLUG_BLOCK lists what to
    `block`, OPTIPLUG_PLUGINS the only distributions beside the standard installation whose plugins may be
    used, OPTIPLUG_DISABLE_AUTOLOAD=1 allows none but those, and OPTIPLUG_STRICT=1 is `strict`.

    Examples
    --------
    >>> from optiplug import registry
    >>> registry.find("optimizers", "sgd").qualified
    'sgd@optiplug-sgd'
    """

    def __init__(self) -> None:
        self._index: Index | None = None
        # Apart from what is imported, since `refresh` must not forget what code registered.
        self._session: dict[Entry, Any] = {}
        self._loaded: dict[Entry, Any] = {}
        self._broken: dict[Entry, BrokenPluginError] = {}
        self._sorted: dict[tuple[str, ...], tuple[Entry, ...]] = {}
        self.controls = Controls()

    def entries(self, kind: str | None = None) -> tuple[Entry, ...]:
        """Return all that is on offer, or all of one kind, sorted by kind, name and distribution.

        Raises
        ------
        ConfigError
            If there is no such kind.
        PluginError
            If anything is wrong, and that is to be an error: see `strict`.

        Examples
        --------
        >>> from optiplug import registry
        >>> "sgd" in [entry.name for entry in registry.entries("optimizers")]
        True
        """
        if kind is not None and kind not in KINDS:
            raise ConfigError(f"must be one of {', '.join(KINDS)}", received=kind, hint=nearest(kind, KINDS))
        if self.controls.strict and (trouble := self._trouble()):
            raise BrokenPluginError(trouble, hint="`optiplug doctor` shows everything, and what to do")
        return self.known() if kind is None else self.known(kind)

    def troubles(self) -> tuple[Trouble, ...]:
        """Return what is wrong with the metadata of installed distributions; no plugin is imported.

        Examples
        --------
        >>> from optiplug import registry
        >>> [trouble.what for trouble in registry.troubles() if not trouble.usable]
        []
        """
        return self._read().troubles

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
            raise not_offered(kind, wanted, reference, self.entries(kind), self.troubles())
        return chosen(offers, wanted, reference, self._refusal, self._fault)

    def load(self, entry: Entry) -> Any:
        """Return the Config class of an entry, importing it the first time.

        Raises
        ------
        BrokenPluginError
            If that fails, with the reason, or if what the entry names is no such class.
        BlockedPluginError
            If the entry is blocked.
        IncompatiblePluginError
            If it is not as in the lock file in force, or was written for another version of the plugin API.
        """
        reason, hint = self._refusal(entry)
        if reason:
            raise BlockedPluginError(f"{entry} {reason}", hint=hint)
        require_permission(entry, by_code=entry in self._session)
        if entry in self._session:
            return self._session[entry]
        if fault := self._fault(entry):
            raise unusable(entry, fault)
        if entry in self._broken:
            # Not tried again: the first error says why, and a second import may fail otherwise.
            raise self._broken[entry]
        if entry not in self._loaded:
            try:
                self._loaded[entry] = config_class(entry)
            except BrokenPluginError as error:
                # Kept for `status` and `error`; not if a document or a lock may have been the reason.
                if not self.controls.limiting and in_force.get() is None:
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
        if self._refusal(entry)[0]:
            return "blocked"
        if entry in self._broken or self._fault(entry):
            return "broken"
        if self._rivals(entry):
            return "ambiguous"
        return "loaded" if entry in self._loaded or entry in self._session else "indexed"

    def error(self, entry: Entry) -> str:
        """Return why an entry cannot be used by its name alone; empty if it can."""
        status = self.status(entry)
        if status == "blocked":
            return "; ".join(self._refusal(entry))
        if status == "broken":
            return str(self._broken.get(entry, self._fault(entry)))
        if status == "ambiguous":
            rivals = self._rivals(entry)
            rule = "the name is reserved for" if rivals[0].built_in else "the name is also offered by"
            return f"{rule} {listed(rivals)}; use {entry.qualified}"
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
            rule = f"the name is reserved for {listed(reserved)}"
            raise AmbiguousPluginError(rule, received=name, hint="choose another name")
        if not is_config(obj, kind):
            raise ConfigError(f"must be a Config class of the {kind}", received=obj)
        self.unregister(kind, name, distribution)
        entry = Entry(kind, name, distribution, "", f"{obj.__module__}:{obj.__qualname__}")
        self._session[entry] = obj
        self._sorted.clear()
        return entry

    def unregister(self, kind: str, name: str, distribution: str = SESSION) -> None:
        """Take back what this distribution registered by this name, if anything."""
        for entry in list(self._session):
            if (entry.kind, entry.name, entry.distribution) == (kind, name, distribution):
                del self._session[entry]
                self._sorted.clear()

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
            config = self._session[entry] if entry in self._session else present(entry.target)
            if config is not None and (config is obj or getattr(config, "implementation", None) is obj):
                return entry.qualified if self._rivals(entry) else entry.name
        hint = "give it one with optiplug.register"
        raise UnknownPluginError("has no name in the registry", received=obj, hint=hint)

    def is_registered(self, entry: Entry) -> bool:
        """Whether code has registered it: then it is in this process alone."""
        return entry in self._session

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
        self.controls.block(reference, on=True)

    def unblock(self, reference: str) -> None:
        """Undo `block` for the same reference."""
        self.controls.block(reference, on=False)

    def strict(self, strict: bool = True) -> None:
        """Let any trouble with an installed plugin be an error at once, or not, whichever is asked for.

        Trouble is what `troubles` returns, a plugin that its metadata shows to be broken, and a name that
        several distributions offer. By default what is not used is no error.

        Examples
        --------
        >>> from optiplug import registry
        >>> registry.strict()
        >>> registry.find("optimizers", "sgd").qualified
        'sgd@optiplug-sgd'
        >>> registry.strict(False)
        """
        self.controls.be_strict(strict)

    @contextmanager
    def limited(self, document: Mapping[str, object]) -> Iterator[dict[str, object]]:
        """Let only that be used within this context which the key `plugins` of a document lets be used.

        The context is the rest of the document, to be resolved there. What the environment and code forbid
        stays forbidden.

        Raises
        ------
        ConfigError
            If what is under `plugins` breaks a rule, or what is installed is not what it requires.

        Examples
        --------
        >>> from optiplug import registry
        >>> with registry.limited({"use": "sgd", "plugins": {"allow": []}}) as rest:
        ...     registry.find("optimizers", rest["use"]).qualified
        'sgd@optiplug-sgd'
        """
        rest = dict(document)
        plugins = rest.pop("plugins", None)
        if plugins is None:
            yield rest
            return
        control = control_of(plugins, self._read(), self._trouble())
        with self.controls.limited(control):
            yield rest

    def refresh(self) -> None:
        """Read the metadata again and forget what was imported, failures included."""
        # Python remembers what its folders held.
        importlib.invalidate_caches()
        self._index = None
        self._sorted.clear()
        self._loaded.clear()
        self._broken.clear()

    @property
    def offers(self) -> Mapping[str, Offer]:
        """The distributions with plugins, by canonical name."""
        return self._read().offers

    def path(self, entry: Entry) -> str:
        """Return the folder with the metadata of an entry's distribution; empty for one of code."""
        offer = self.offers.get(canonical(entry.distribution))
        return offer.metadata.path if offer else ""

    def _read(self) -> Index:
        # When first asked: reading metadata takes time that `import optiplug` should not.
        if self._index is None:
            self._index = read_index()
            warn_of_typing_errors(self.controls.own, self._index.entries)
        return self._index

    def known(self, *key: str) -> tuple[Entry, ...]:
        """Return all entries, those of a kind, or those of a kind and a name, strict or not."""
        if not self._sorted:
            found: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
            # Sorted, so that the order of `sys.path` has no influence: docs/design/own-index-of-plugins.md.
            for entry in sorted({*self._read().entries, *self._session}, key=lambda entry: entry.order):
                for each in ((), (entry.kind,), (entry.kind, entry.name)):
                    found[each].append(entry)
            self._sorted = {each: tuple(entries) for each, entries in found.items()}
        return self._sorted.get(key, ())

    def _refusal(self, entry: Entry) -> tuple[str, str]:
        """Return why an entry may not be used, and what to do; two empty texts if it may."""
        return self.controls.refusal(entry, registered=entry in self._session)

    def _fault(self, entry: Entry) -> str:
        return self._read().faults.get(entry, "")

    def _trouble(self) -> str:
        """Return in one sentence what is wrong with what is installed; empty if nothing is."""
        found = [f"{each.where} ({each.path}): {each.reason}" for each in self._read().troubles]
        entries = [entry for entry in self.known() if self.status(entry) in ("ambiguous", "broken")]
        found += [f"{entry}: {self.error(entry)}" for entry in entries]
        more = f"; and {len(found) - 1} more" if found[1:] else ""
        return f"trouble with plugins is an error with `strict`: {found[0]}{more}" if found else ""

    def _rivals(self, entry: Entry) -> list[Entry]:
        """Return the other entries that keep the name alone from meaning this one."""
        others = [each for each in self.known(entry.kind, entry.name) if each != entry]
        reserved = [each for each in others if each.built_in]
        if entry.built_in or reserved:
            return reserved
        return [each for each in others if not self._refusal(each)[0]]


installed_plugins = Registry()
"""The registry of this process; `optiplug.registry` offers its methods as functions."""
