"""What is known of each try: what was done, what came of it, and which promise it broke, if any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["NOWHERE", "Try", "broken", "counts", "judged"]

NOWHERE = 999  # the step whose values are in the variables before a restore


@dataclass(frozen=True)
class Try:
    """One fault that was injected; `fault` is empty if all promises were kept."""

    what: str
    outcome: str
    fault: str = ""


def judged(
    what: str,
    found: Mapping[str, Any],
    digests: Mapping[int, str],
    *,
    steps: Iterable[int],
    errors: Iterable[str] = (),
    skipped: Iterable[str] = (),
) -> Try:
    """Return what a restore was, which may have given one of these steps, or one of these errors."""
    if found["error"]:
        outcome = f"refused: {found['error']}"
        expected = found["error"] in set(errors)
        fault = "" if expected else f"refused: {found['error']}: {found['message']}"
        if found["digest"] != digests[NOWHERE]:
            fault = f"refused, and assigned something: {found['message']}"
        return Try(what, outcome, fault)
    outcome, fault = f"restored {found['step']}", ""
    if found["step"] not in set(steps):
        fault = f"restored {found['step']} instead of one of {sorted(steps)}"
    elif found["digest"] != digests[found["step"]]:
        fault = f"other numbers than those of {found['step']}"
    elif found["metadata"] != {"note": f"after {found['step']}"}:
        fault = f"metadata {found['metadata']} of {found['step']}"
    elif sorted(found["skipped"]) != sorted(skipped):
        fault = f"skipped {found['skipped']} instead of {list(skipped)}"
    return Try(what, outcome, fault)


def broken(tries: Iterable[Try]) -> list[str]:
    """Return a line for each try that broke a promise."""
    return [f"{each.what}: {each.fault}" for each in tries if each.fault]


def counts(tries: Iterable[Try]) -> dict[str, int]:
    """Return how often each outcome came about."""
    return dict(Counter(each.outcome for each in tries).most_common())
