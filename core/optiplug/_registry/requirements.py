"""Which distributions with plugins a distribution requires: a class may be derived from one of theirs."""

from __future__ import annotations

from collections.abc import Iterable

import importlib_metadata
from packaging.requirements import InvalidRequirement, Requirement

from .metadata import canonical
from .registry import installed_plugins

__all__ = ["required", "with_required"]


def required(name: str) -> set[str]:
    """Return the distributions with plugins that an installed distribution requires itself.

    >>> required("optiplug-sgd")
    set()
    """
    offering = {canonical(entry.distribution): entry.distribution for entry in installed_plugins.entries()}
    wanted = map(_required_name, importlib_metadata.requires(name) or ())
    return {offering[each] for each in wanted if each in offering}


def with_required(names: Iterable[str]) -> set[str]:
    """Return installed distributions, and those with plugins that they require, directly or not."""
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(required(name))
    return reached


def _required_name(text: str) -> str:
    """Return the name of what is required here; nothing for what only an extra or another system needs."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return ""
    marker = requirement.marker
    return canonical(requirement.name) if marker is None or marker.evaluate({"extra": ""}) else ""
