"""Tables of results on the terminal, and in RESULTS.md with what they were measured on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.table import Table

from .part import Part, Row

__all__ = ["RESULTS", "machine", "markdown", "shown", "written"]

RESULTS = Path(__file__).with_name("RESULTS.md")
LIBRARIES = ("tensorflow", "keras", "tf_keras", "jax", "optax", "torch", "numpy")
INTRODUCTION = (
    "Written by the commands below. Compare the ratios within a table, which were measured in turns in one "
    "run: below 1 is where optiplug is faster. Seconds depend on the machine:"
)


def machine() -> str:
    """Return what the results depend on, as one line."""
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        f"{os.cpu_count()} cores of {_processor()}",
        f"{size:.0f} GiB",
        f"Python {platform.python_version()}",
    ]
    return ", ".join([*parts, *_versions()])


def _processor() -> str:
    description = Path("/proc/cpuinfo")
    text = description.read_text() if description.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def _versions() -> Iterable[str]:
    for library in LIBRARIES:
        try:
            yield f"{library} {version(library)}"
        except PackageNotFoundError:
            continue


def shown(name: str, part: Part, rows: Iterable[Row]) -> Table:
    """Return a table for the terminal."""
    table = Table(*part.columns, title=name, caption=part.about)
    for row in rows:
        table.add_row(*row)
    return table


def markdown(name: str, part: Part, rows: Sequence[Row], command: str) -> str:
    """Return the section of one part."""
    lines = [part.columns, ("---",) * len(part.columns), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    return f"## {name}\n\n{part.about}\n\n`{command}`, {date}\n\n{table}\n"


def written(name: str, section: str, order: Sequence[str], path: Path = RESULTS) -> None:
    """Put the section of one part into the file; those measured on another machine leave it."""
    header = f"# Results\n\n{INTRODUCTION}\n{machine()}.\n"
    old = path.read_text() if path.exists() else ""
    kept = re.split(r"^(?=## )", old, flags=re.MULTILINE)[1:] if old.startswith(header) else []
    sections = {each.split(maxsplit=2)[1]: each.strip() + "\n" for each in kept} | {name: section}
    path.write_text("\n".join([header, *(sections[each] for each in order if each in sections)]))
