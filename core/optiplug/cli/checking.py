"""`optiplug check`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from optiplug import registry
from optiplug.errors import ConfigError

from .exits import ExitCode, debugging, exit_code
from .loading import load, read_config
from .notes import notes
from .output import FORMAT, dotted, message, print_json, print_text

__all__ = ["check_files"]


def check_files(files: Sequence[str], format: str, as_json: bool) -> None:
    """Validate files; print every problem in them, and what is worth knowing where there is none.

    The exit code is the highest that one of them has.
    """
    told, codes = [], [ExitCode.OK]
    for file in files:
        try:
            told.append(_valid(file, format, as_json))
        except ConfigError as error:
            if debugging():
                raise
            codes.append(exit_code(error))
            more = {"more": error.more} if error.more else {}
            told.append({"file": file, "valid": False, "problems": _shown(error), **more})
            # Programs get the problems as data on stdout, and the same exit code as people.
            if not as_json:
                message(str(error))
    if as_json:
        several = {"valid": all(each["valid"] for each in told), "files": told}
        print_json({"format": FORMAT, **(told[0] if len(told) == 1 else several)})
    if max(codes):
        raise typer.Exit(max(codes))


def _valid(file: str, format: str, as_json: bool) -> dict[str, Any]:
    """Return what there is to say about a valid file, printed for people."""
    document = read_config(file, format)
    config = load(document)
    found = notes(config, document)
    if not as_json:
        entry = registry.find(config.kind, registry.reference_of(type(config)))
        print_text(f"{document.source}: valid config of {config.kind.removesuffix('s')} {entry}")
        for note in found:
            print_text(note)
    return {"file": file, "valid": True, "problems": [], **({"notes": found} if found else {})}


def _shown(error: ConfigError) -> list[dict[str, Any]]:
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
