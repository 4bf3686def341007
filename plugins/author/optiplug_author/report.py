"""What `optiplug test` says of the plugins that it has tried."""

from __future__ import annotations

import json
from collections import Counter

import typer

from optiplug.registry import Entry

from .results import Promise, Results
from .words import shown

__all__ = ["print_json", "print_plan", "print_results"]

_FORMAT = 1
_TOLD = ("failed", "failed as expected", "skipped")


def print_results(results: Results) -> None:
    """Print a line for each plugin, and below it every promise that was not simply kept."""
    for entry, promises in results:
        counts = Counter(each.outcome for each in promises)
        parts = [f"{counts[outcome]} {outcome}" for outcome in ("kept", *_TOLD) if counts[outcome]]
        seconds = sum(each.seconds for each in promises)
        typer.echo(f"{_title(entry)}: {', '.join(parts) or 'nothing tried'} ({seconds:.0f} s)")
        for promise in sorted(promises, key=lambda each: each.broken):
            if promise.outcome in _TOLD:
                typer.echo(shown("\n".join(_lines(promise))))


def print_plan(results: Results) -> None:
    """Print what would be tried."""
    for entry, promises in results:
        typer.echo(f"{_title(entry)}:")
        for promise in promises:
            typer.echo(f"  {promise.check.name}: {promise.check.summary}")


def print_json(results: Results) -> None:
    """Print everything for programs."""
    plugins = [
        {
            "kind": entry.kind,
            "name": entry.name,
            "distribution": entry.distribution,
            "version": entry.version,
            "kept": not any(each.broken for each in promises),
            "checks": [each.as_json() for each in promises],
        }
        for entry, promises in results
    ]
    typer.echo(json.dumps({"format": _FORMAT, "kept": results.kept, "plugins": plugins}, indent=2))


def _title(entry: Entry) -> str:
    return shown(f"{entry} ({entry.kind.removesuffix('s')})")


def _lines(promise: Promise) -> list[str]:
    if promise.broken:
        told = [f"  FAILED {promise.check.name}", f"    {promise.check.summary}"]
        return [*told, *(f"      {line}" for line in [*promise.message.splitlines(), promise.place] if line)]
    return [f"  {promise.outcome} {promise.check.name}: {promise.message}"]
