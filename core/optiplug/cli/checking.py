"""`optiplug check`."""

from __future__ import annotations

from typing import Any

import typer

from optiplug import registry
from optiplug.document import read
from optiplug.errors import ConfigError

from .exits import exit_code
from .loading import load
from .output import FORMAT, dotted, print_json, print_text

__all__ = ["check_file"]


def check_file(file: str, as_json: bool) -> None:
    """Validate a file; raise, or print as JSON, every problem in it."""
    try:
        config = load(read(file))
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"format": FORMAT, "file": file, "valid": False, "problems": _shown(error)})
        # Programs get the problems as data on stdout, and the same exit code as people.
        raise typer.Exit(exit_code(error)) from None
    if as_json:
        print_json({"format": FORMAT, "file": file, "valid": True, "problems": []})
        return
    entry = registry.find(config.kind, registry.reference_of(type(config)))
    print_text(f"{file}: valid config of {config.kind.removesuffix('s')} {entry}")


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
