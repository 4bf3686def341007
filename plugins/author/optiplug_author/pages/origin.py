"""Where a plugin comes from: its paper, its distribution, and the pages of its authors."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from urllib.parse import urlsplit

from optiplug.registry import Entry

from .docstrings import inline
from .markdown import code, escaped

__all__ = ["origin"]


def origin(entry: Entry, paper: str) -> Iterator[str]:
    """Yield the last section of a page."""
    yield from ("## Source", "")
    if paper:
        yield from (f"Paper: {inline(paper)}.", "")
    name, version = code(entry.distribution), escaped(entry.version)
    yield from (f"Provided by {name} {version} as {code(entry.target)}.", "")
    links = list(_links(entry.distribution))
    if links:
        yield from (" · ".join(links), "")


def _links(distribution: str) -> Iterator[str]:
    """Yield the addresses that a distribution tells of itself; of the web, and of no other place."""
    try:
        told = metadata(distribution).get_all("Project-URL") or []
    except PackageNotFoundError:  # registered by code
        return
    for text in told:
        label, _, address = str(text).partition(",")
        address = address.strip()
        whole = not set(address) & set(" <>\\\"'`") and address.isprintable()
        if whole and urlsplit(address).scheme in {"http", "https"}:
            yield f"[{escaped(label.strip())}](<{address}>)"
