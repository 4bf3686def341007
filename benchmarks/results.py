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
TEXT = (
    "setup",
    "variables",
    "gradients",
    "contestant",
    "model",
    "form",
    "function",
    "optimizer",
    "jit_compile",
    "way",
    "spread",
    "varied",
    "reasons",
)
LIBRARIES = ("tensorflow", "keras", "tf_keras", "jax", "optax", "numpy")
INTRODUCTION = (
    "Written by the commands below. Compare what is in one table: it was measured in turns, in one run. A "
    "ratio beside a time is optiplug's to that of the contestant, so below 1 optiplug is the faster one. "
    "Times depend on the machine:"
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


def shown(name: str, part: Part, groups: Iterable[Sequence[Row]]) -> Table:
    """Return a table for the terminal, with a line after each group of rows that belong together."""
    table = Table(title=name, caption=part.about)
    for column in part.columns:
        table.add_column(column, justify="left" if column in TEXT else "right", no_wrap=column != "reasons")
    for group in groups:
        for row in group:
            table.add_row(*row)
        if len(group) > 1:
            table.add_section()
    return table


def markdown(name: str, part: Part, groups: Iterable[Sequence[Row]], command: str) -> str:
    """Return the section of one part."""
    rule = tuple("---" if column in TEXT else "---:" for column in part.columns)
    lines = [part.columns, rule, *(row for group in groups for row in group)]
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
