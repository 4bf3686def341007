"""Lets pydantic find its plugins although the metadata of some distribution is damaged."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import suppress

from importlib_metadata import EntryPoint

from optiplug._registry.metadata import (
    DamagedMetadataError,
    Metadata,
    Point,
    canonical,
    installed_metadata,
    lines_of,
)

__all__ = ["find_them_with_care"]


def find_them_with_care() -> None:
    """Let pydantic look for its plugins as `_entry_points` does, if it has not looked yet.

    Before its first validation it reads the entry points of all distributions, and one line without `=` in
    any of them raises: docs/design/own-index-of-plugins.md. What it finds, and what it does with that, stays.
    """
    # Private: where pydantic has changed, it looks for itself, and a test tells.
    with suppress(ImportError):
        loader = importlib.import_module("pydantic.plugin._loader")
        if hasattr(loader, "entry_points"):
            loader.entry_points = _entry_points  # type: ignore[attr-defined]  # it has imported that function


def _entry_points(*, group: str) -> list[EntryPoint]:
    """Return all entry points of a group that can be read, with a warning for those that cannot."""
    found: dict[str, list[EntryPoint]] = {}
    for metadata in installed_metadata():
        # Of two copies the first on the path counts, as everywhere.
        found.setdefault(canonical(metadata.folder_name), list(_of_group(group, metadata)))
    return [point for points in found.values() for point in points]


def _of_group(group: str, metadata: Metadata) -> Iterator[EntryPoint]:
    try:
        text = metadata.entry_points()
    except DamagedMetadataError:
        return  # `optiplug doctor` tells
    if f"[{group}]" not in text:
        return
    for number, line in lines_of(text):
        if isinstance(line, Point):
            if line.group == group:
                yield EntryPoint(line.name, line.value, line.group)
        else:
            message = f"line {number} of entry_points.txt in {metadata.path} {line}, and is no {group} plugin"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
