"""What the shell offers when a command line is completed."""

from __future__ import annotations

import os
import sys
from collections.abc import Container
from pathlib import Path

import typer

from optiplug import registry
from optiplug.registry import KINDS

__all__ = [
    "command_line",
    "complete_file",
    "complete_folder",
    "complete_format",
    "complete_kind",
    "complete_lock",
    "complete_name",
    "complete_task",
]


def command_line() -> list[str]:
    """Return the arguments of this process, or those that a shell wants to have completed."""
    if "_OPTIPLUG_COMPLETE" not in os.environ:
        return sys.argv[1:]
    # The names are typer's: the first is for bash, the other for all other shells.
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return line.split()[1:]


def complete_format(incomplete: str) -> list[str]:
    """Return the formats that begin like this."""
    from optiplug.document import FORMATS  # late, as the parsers take a tenth of a second

    return [name for name in dict.fromkeys(FORMATS.values()) if name.startswith(incomplete)]


def complete_kind(incomplete: str) -> list[str]:
    """Return the kinds that begin like this."""
    return [kind for kind in KINDS if kind.startswith(incomplete)]


def complete_name(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of plugins that begin like this; with their distributions from the `@` on."""
    return _names(context.params.get("kind"), incomplete)


def complete_task(incomplete: str) -> list[str]:
    """Return the names of tasks that begin like this."""
    return _names("tasks", incomplete)


def complete_file(incomplete: str) -> list[str]:
    """Return the folders and config files whose paths begin like this."""
    from optiplug.document import FORMATS

    return _complete_path(incomplete, FORMATS)


def complete_folder(incomplete: str) -> list[str]:
    """Return the folders whose paths begin like this."""
    return _complete_path(incomplete, ())


def complete_lock(incomplete: str) -> list[str]:
    """Return the folders and lock files whose paths begin like this."""
    return _complete_path(incomplete, (".lock",))


def _complete_path(incomplete: str, suffixes: Container[str]) -> list[str]:
    folder, begin = Path(incomplete).parent, Path(incomplete).name
    if incomplete == "" or incomplete.endswith("/"):
        folder, begin = Path(incomplete or "."), ""
    try:
        found = sorted(each for each in folder.iterdir() if _is_offered(each, begin, suffixes))
    except OSError:
        return []
    lead = incomplete.removesuffix(begin) if begin else incomplete
    offered = [f"{lead}{each.name}{'/' * each.is_dir()}" for each in found]
    # A shell takes a single offer for the whole word, so the way goes on into a single folder.
    if len(offered) == 1 and found[0].is_dir():
        return _complete_path(offered[0], suffixes) or offered
    return offered


def _names(kind: str | None, incomplete: str) -> list[str]:
    entries = registry.entries(kind)
    names = {each.qualified if "@" in incomplete else each.name for each in entries}
    return sorted(name for name in names if name.startswith(incomplete))


def _is_offered(path: Path, begin: str, suffixes: Container[str]) -> bool:
    if not path.name.startswith(begin) or (path.name.startswith(".") and not begin):
        return False
    return path.is_dir() or path.suffix.lower() in suffixes
