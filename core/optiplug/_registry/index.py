"""The index of plugins: what the metadata of all distributions offers, and what is wrong with it."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from optiplug.errors import in_one_line, nearest

from .entry_points import KINDS, NAME, Entry
from .metadata import DamagedMetadataError, Metadata, Point, canonical, installed_metadata, lines_of
from .plugin_api import API_GROUP, incompatibility
from .troubles import Trouble

__all__ = ["Index", "Offer", "read_index"]

_UMBRELLA = "optiplug"
_OURS = "optiplug."
_KINDS = {group: kind for kind, group in KINDS.items()}
_GROUPS = {*_KINDS, API_GROUP}
# As in the specification of entry points, which lets extras follow that nobody has needed for long.
_TARGET = re.compile(r"([\w.]+)\s*(?::\s*([\w.]+)\s*)?(?:\[.*\]\s*)?")
_REINSTALL = "install it again: pip install --force-reinstall {}"


@dataclass(frozen=True)
class Offer:
    """A distribution that offers plugins, as it says itself."""

    name: str
    version: str
    metadata: Metadata = field(repr=False)
    points: tuple[Point, ...] = field(repr=False)

    @property
    def kinds_and_names(self) -> tuple[tuple[str, str], ...]:
        """What it offers, by kind and name."""
        return tuple((_KINDS[point.group], point.name) for point in self.points if point.group in _KINDS)


@dataclass(frozen=True)
class Index:
    """All plugins of the installed distributions, sorted: the order of the path has no influence.

    `faults` says of those that cannot be used why not; `offers` has the distributions by canonical name.
    """

    entries: tuple[Entry, ...]
    faults: Mapping[Entry, str]
    troubles: tuple[Trouble, ...]
    offers: Mapping[str, Offer]


def read_index() -> Index:
    """Read every entry point of our groups; no plugin is imported, and nothing is skipped in silence."""
    troubles: list[Trouble] = []
    found: dict[str, list[Offer]] = defaultdict(list)
    for metadata in installed_metadata():
        for offer in _offer(metadata, troubles):
            found[canonical(offer.name)].append(offer)
    offers = {name: _chosen(copies, troubles) for name, copies in found.items()}
    built_in = _built_in(troubles)
    faults: dict[Entry, str] = {}
    entries: list[Entry] = []
    for name, offer in offers.items():
        entries += _entries(offer, name in built_in, faults)
    troubles.sort(key=lambda each: (each.where, each.what, each.path, each.reason))
    return Index(tuple(sorted(entries, key=lambda entry: entry.order)), faults, tuple(troubles), offers)


def _offer(metadata: Metadata, troubles: list[Trouble]) -> Iterator[Offer]:
    """Yield what a distribution offers of our groups, if anything."""
    try:
        text = metadata.entry_points()
    except DamagedMetadataError as error:
        troubles.append(_unreadable(metadata, f"{error}; whether it offers plugins cannot be told"))
        return
    # Most distributions have no plugin, and this search is faster than reading all lines.
    if _OURS not in text:
        return
    if metadata.is_left_over:
        reason = "is what an interrupted pip left behind, and offers nothing"
        troubles.append(
            Trouble("left-over", metadata.folder_name, metadata.path, reason, "remove it", usable=True)
        )
        return
    points, lines = _read(text)
    try:
        name, version = metadata.name_and_version()
    except DamagedMetadataError as error:
        offer = Offer(metadata.folder_name, "", metadata, points)
        troubles.append(_unreadable(metadata, f"{error}, so {_lost(offer)}", offer.kinds_and_names))
        return
    if lines:
        troubles.append(Trouble("malformed", name, metadata.path, _in_lines(lines), _REINSTALL.format(name)))
    troubles += _of_unknown_groups(name, metadata, points)
    yield Offer(name, version, metadata, tuple(point for point in points if point.group in _GROUPS))


def _read(text: str) -> tuple[tuple[Point, ...], list[tuple[int, str]]]:
    """Return the points of an entry_points.txt, and the lines that are none."""
    points, lines = [], []
    for number, line in lines_of(text):
        if isinstance(line, str):
            lines.append((number, line))
        else:
            points.append(line)
    return tuple(points), lines


def _in_lines(lines: Sequence[tuple[int, str]]) -> str:
    number, reason = lines[0]
    more = f", and {len(lines) - 1} more of its lines cannot be read" if len(lines) > 1 else ""
    return f"line {number} of entry_points.txt {reason}{more}"


def _unreadable(metadata: Metadata, reason: str, names: tuple[tuple[str, str], ...] = ()) -> Trouble:
    name = metadata.folder_name
    return Trouble(
        "unreadable", name, metadata.path, reason, _REINSTALL.format(in_one_line(name)), names=names
    )


def _lost(offer: Offer) -> str:
    names = [name for _, name in offer.kinds_and_names]
    more = f" and {len(names) - 3} more" if names[3:] else ""
    return f"{in_one_line(', '.join(names[:3]))}{more} cannot be used" if names else "it offers nothing"


def _of_unknown_groups(name: str, metadata: Metadata, points: Iterable[Point]) -> Iterator[Trouble]:
    groups = {point.group for point in points if point.group.startswith(_OURS)}
    for group in sorted(groups - _GROUPS):
        reason = f"its plugins in the group {in_one_line(group)!r} are not on offer, as there is no such kind"
        hint = nearest(group, _KINDS) or f"the groups are {', '.join(_KINDS)}"
        yield Trouble("unknown-group", name, metadata.path, reason, hint)


def _chosen(copies: Sequence[Offer], troubles: list[Trouble]) -> Offer:
    """Return the one that Python, too, would import of several copies of a distribution."""
    first = copies[0]
    # The same folder may be on the path twice, also by another name.
    apart = {os.path.realpath(each.metadata.path): each for each in reversed(copies)} if copies[1:] else {}
    if len(apart) < 2:
        return first
    beside = [each for each in apart.values() if _home(each) == _home(first)]
    # In one folder no order tells: it is that in which the file system lists them.
    chosen = max(beside, key=_by_version)
    others = [other for other in apart.values() if other is not chosen]
    troubles += [_second(chosen, other, beside=other in beside) for other in others]
    return chosen


def _second(chosen: Offer, other: Offer, *, beside: bool) -> Trouble:
    what = f"there are two of it, and {other.version} counts for nothing beside {chosen.version}"
    if beside:
        hint = f"the files of either may be there; {_REINSTALL.format(chosen.name)}"
        return Trouble("duplicate", other.name, other.metadata.path, f"{what} in the same folder", hint, True)
    reason = f"{what}, which comes first on the path, at {in_one_line(chosen.metadata.path)}"
    return Trouble("copy", other.name, other.metadata.path, reason, "uninstall one of them", usable=True)


def _home(offer: Offer) -> Path:
    return Path(offer.metadata.path).parent


def _by_version(offer: Offer) -> tuple[bool, object, str]:
    from packaging.version import Version

    try:
        return True, Version(offer.version), offer.version
    except ValueError:
        return False, 0, offer.version


def _built_in(troubles: list[Trouble]) -> frozenset[str]:
    """Return the distributions that the umbrella distribution asks for, those of its extras included."""
    required: list[str] = []
    for umbrella in islice(installed_metadata(name=_UMBRELLA), 1):
        try:
            required = umbrella.requires()
        except DamagedMetadataError as error:
            reason = f"{error}, so no name is reserved for the standard installation"
            troubles.append(_unreadable(umbrella, reason))
    # The name only: a requirement goes on with versions, extras and markers.
    names = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in required)
    return frozenset(canonical(name.group()) for name in names if name)


def _entries(offer: Offer, built_in: bool, faults: dict[Entry, str]) -> list[Entry]:
    """Return the plugins of a distribution, and add to `faults` why some of them can never be used."""
    found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    foreign = incompatibility(
        offer.name, [(each.name, each.value) for each in offer.points if each.group == API_GROUP]
    )
    for point in offer.points:
        if point.group == API_GROUP:
            continue
        kind, target = _KINDS[point.group], _TARGET.fullmatch(point.value)
        where = ":".join(filter(None, target.groups())) if target else point.value
        entry = Entry(kind, point.name, offer.name, offer.version, where, built_in)
        if entry in found[kind, point.name]:
            continue
        found[kind, point.name].append(entry)
        if not NAME.fullmatch(entry.name):
            faults[entry] = f"the name does not match {NAME.pattern}"
        elif target is None:
            faults[entry] = f"its entry point must be MODULE:CLASS, and is {point.value[:80]!r}"
    for entries in found.values():
        if len(entries) > 1:
            targets = " and ".join(sorted(entry.target for entry in entries))
            rule = f"{offer.name} offers this name twice, as {targets}"
            faults.update(dict.fromkeys(entries, rule))
        if foreign:
            faults.update(dict.fromkeys(entries, foreign))
    return [entry for entries in found.values() for entry in entries]
