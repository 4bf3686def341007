"""`optiplug check`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from optiplug import registry
from optiplug.errors import ConfigError
from optiplug.locking import Lock, lock_for

from .exits import ExitCode, debugging, exit_code
from .loading import load, read_config
from .notes import notes
from .output import FORMAT, dotted, message, print_json, print_text

__all__ = ["check_files", "problems_as_json"]


def check_files(files: Sequence[str], format: str, locked: bool, lock: str | None, as_json: bool) -> None:
    """Validate files; print every problem in them, and what is worth knowing where there is none.

    With `locked`, or a lock file, what is not as locked is a problem, too.

    The exit code is the highest that one of them has.
    """
    told, codes = [], [ExitCode.OK]
    for file in files:
        try:
            told.append(_valid(file, format, lock_for(file, locked=locked, path=lock), as_json))
        except ConfigError as error:
            if debugging():
                raise
            codes.append(exit_code(error))
            more = {"more": error.more} if error.more else {}
            told.append({"file": file, "valid": False, "problems": problems_as_json(error), **more})
            # Programs get the problems as data on stdout, and the same exit code as people.
            if not as_json:
                message(str(error))
    if as_json:
        several = {"valid": all(each["valid"] for each in told), "files": told}
        print_json({"format": FORMAT, **(told[0] if len(told) == 1 else several)})
    if max(codes):
        raise typer.Exit(max(codes))


def _valid(file: str, format: str, lock: Lock | None, as_json: bool) -> dict[str, Any]:
    """Return what there is to say about a valid file, printed for people."""
    document = read_config(file, format)
    config = load(document, lock)
    found = notes(config, document)
    if not as_json:
        entry = registry.find(config.kind, registry.reference_of(type(config)))
        as_locked = f", as locked in {lock.source}" if lock else ""
        print_text(f"{document.source}: valid config of {config.kind.removesuffix('s')} {entry}{as_locked}")
        for note in found:
            print_text(note)
    told = {"notes": found, "lock": lock and lock.source}
    return {
        "file": file,
        "valid": True,
        "problems": [],
        **{name: each for name, each in told.items() if each},
    }


def problems_as_json(error: ConfigError) -> list[dict[str, Any]]:
    """Return the problems of a config as JSON values."""
    return [
        {
            "position": problem.position,
            "path": dotted(problem.path),
            "rule": problem.rule,
            "hint": problem.hint,
            "plugin": problem.plugin,
            "message": str(problem),
        }
        for problem in error.problems
    ]
