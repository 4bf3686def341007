"""All that metadata tells of what is wrong with installed plugins; nothing is imported for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from optiplug.errors import IncompatiblePluginError, PluginError

from .dependencies import unmet
from .entry_points import Entry
from .index import Offer
from .metadata import DamagedMetadataError, Metadata, canonical, installed_metadata, lines_of
from .near_names import near
from .registry import Registry
from .troubles import Trouble

__all__ = ["diagnose", "in_order"]

_CORE = "optiplug-core"
_EXTRAS = re.compile(r"\[(.*)\]\s*")


def diagnose(registry: Registry) -> list[Trouble]:
    """Return what is wrong, the worst first; see `optiplug doctor` in docs/cli.md for what is looked for."""
    found = [
        *registry.troubles(),
        *_of_entries(registry),
        *_of_near_names(registry),
        *(trouble for offer in registry.offers.values() for trouble in _of_dependencies(offer)),
        *_of_settings(registry),
        *_of_others(registry),
    ]
    return sorted(found, key=in_order)


def in_order(trouble: Trouble) -> tuple[bool, str, str, str]:
    """Return what troubles are sorted by: the worst first."""
    return trouble.usable, trouble.where, trouble.what, trouble.reason


def _of_entries(registry: Registry) -> Iterator[Trouble]:
    told = set()
    for entry in registry.known():
        path, status = registry.path(entry), registry.status(entry)
        if status == "broken":
            hint = f"uninstall {entry.distribution}, or install a version that can be used"
            yield Trouble(_kind_of_break(entry, registry), str(entry), path, registry.error(entry), hint)
        if status != "ambiguous":
            continue
        rivals = [each for each in registry.known(entry.kind, entry.name) if each != entry]
        reserved = [each for each in rivals if each.built_in]
        if reserved:
            reason = f"the name is reserved for {reserved[0]}, and alone means that"
            hint = f"write {entry.qualified} where this one is meant"
            yield Trouble("shadowed", str(entry), path, reason, hint, usable=True)
        elif (entry.kind, entry.name) not in told:
            told.add((entry.kind, entry.name))
            reason = f"{', '.join(map(str, [entry, *rivals]))} have the same name, which alone means none"
            hint = f"write {entry.qualified}, or set OPTIPLUG_BLOCK={rivals[0].distribution}"
            yield Trouble("ambiguous", entry.name, path, reason, hint)


def _kind_of_break(entry: Entry, registry: Registry) -> str:
    try:
        registry.load(entry)  # which raises before it imports what is known to be broken
    except IncompatiblePluginError:
        return "incompatible"
    except PluginError:
        pass
    return "broken"


def _of_near_names(registry: Registry) -> Iterator[Trouble]:
    ours = [entry for entry in registry.known() if entry.built_in]
    for entry in registry.known():
        if entry.built_in or registry.status(entry) == "blocked":
            continue
        taken = near(entry.name, (each.name for each in ours if each.kind == entry.kind))
        if taken:
            reason = f"the name is nearly {taken!r}, which is one of the standard installation"
            hint = f"look twice at what configs `use`; OPTIPLUG_BLOCK={entry.qualified} forbids it"
            yield Trouble("near-name", str(entry), registry.path(entry), reason, hint, usable=True)
    distributions = {canonical(each.distribution) for each in ours}
    for name, offer in registry.offers.items():
        taken = near(name, distributions)
        if taken:
            reason = f"the distribution is nearly called {taken!r}, which is one of the standard installation"
            hint = f"if it is not what you meant to install: pip uninstall {offer.name}"
            yield Trouble("near-name", offer.name, offer.metadata.path, reason, hint, usable=True)


def _of_dependencies(offer: Offer) -> Iterator[Trouble]:
    try:
        required = offer.metadata.requires()
    except DamagedMetadataError:
        return  # of which the index tells
    extras = {
        extra.strip()
        for point in offer.points
        for brackets in _EXTRAS.findall(point.value)
        for extra in brackets.split(",")
    }
    for name, reason in unmet(required, extras):
        # A plugin for another version of ours cannot be used; any other may do without, as it were.
        ours = canonical(name) == _CORE
        what, hint = ("incompatible", "install versions that go together") if ours else ("dependency", "")
        hint = hint or f"pip install --upgrade {offer.name}"
        yield Trouble(
            what, f"{offer.name} {offer.version}", offer.metadata.path, reason, hint, usable=not ours
        )


def _of_settings(registry: Registry) -> Iterator[Trouble]:
    known = {each for entry in registry.known() for each in (entry.name, entry.distribution, entry.qualified)}
    names = {canonical(each) for each in known} | registry.offers.keys()
    control = registry.controls.own
    for variable, named in (("OPTIPLUG_PLUGINS", control.allowed or ()), ("OPTIPLUG_BLOCK", control.blocked)):
        for name in sorted(set(named) - names):
            guess = near(name, names)
            hint = f"did you mean {guess!r}?" if guess else "install it, or take it out there"
            reason = "names what is not installed, and does nothing"
            yield Trouble("setting", f"{variable}={name}", "", reason, hint, usable=True)


def _of_others(registry: Registry) -> Iterator[Trouble]:
    """Tell of distributions without plugins, whose damage breaks programs that read all entry points."""
    told = {trouble.path for trouble in registry.troubles()}
    for metadata in installed_metadata():
        if metadata.path in told or metadata.is_left_over:
            continue
        if reason := _damage(metadata):
            hint = f"install it again: pip install --force-reinstall {metadata.folder_name}"
            yield Trouble("other", metadata.folder_name, metadata.path, reason, hint, usable=True)


def _damage(metadata: Metadata) -> str:
    try:
        text = metadata.entry_points()
        if "optiplug." in text:
            return ""
        wrong = next(
            (
                f"line {number} of entry_points.txt {line}"
                for number, line in lines_of(text)
                if isinstance(line, str)
            ),
            "",
        )
        if wrong:
            return f"{wrong}, for which other programs that read it may fail"
        metadata.name_and_version()
    except DamagedMetadataError as error:
        return str(error)
    return ""
