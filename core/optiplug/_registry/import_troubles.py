"""What only shows when plugins are imported, each distribution in a process apart."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from .apart import Answer, ask
from .entry_points import Entry
from .registry import Registry
from .sources import spec_of
from .troubles import Trouble

__all__ = ["manners", "troubles_of_imports"]


def troubles_of_imports(
    registry: Registry, entries: Sequence[Entry], *, limit: float = 10.0, slow: float = 2.0
) -> list[Trouble]:
    """Return which plugins break, are slow or print when their Configs are imported.

    Parameters
    ----------
    registry
        Where they are from.
    entries
        The plugins. Left alone are those that may not be used, and those that metadata shows to be broken.
    limit
        After how many seconds the import of one is broken off.
    slow
        How many seconds are too many.
    """
    sound = [entry for entry in entries if registry.status(entry) not in ("blocked", "broken")]
    answers = [
        # Once more and alone, since many at once have to wait for each other.
        min(answer, *ask([answer.entry], manners, limit=limit, alone=True), key=lambda each: each.seconds)
        if answer.seconds > slow
        else answer
        for answer in ask(sound, manners, limit=limit, alone=True)
    ]
    return [trouble for answer in answers for trouble in _troubles(answer, registry.path(answer.entry), slow)]


def manners(entry: Entry, config: Any) -> dict[str, object]:  # noqa: ARG001  # which is what `ask` calls
    """Return what the import of a Config has done beside, and whether what it configures is there.

    >>> from optiplug import registry
    >>> entry = registry.find("optimizers", "sgd")
    >>> manners(entry, registry.load(entry))["absent"]
    ''
    """
    target = config.implementation
    module = target.partition(":")[0] if isinstance(target, str) else ""
    return {"tensorflow": "tensorflow" in sys.modules, "absent": module if _is_absent(module) else ""}


def _is_absent(module: str) -> bool:
    """Whether there is no such module; nothing is imported."""
    return bool(module) and spec_of(module) is None


def _troubles(answer: Answer, path: str, slow: float) -> Iterator[Trouble]:
    where, value = str(answer.entry), answer.value if isinstance(answer.value, dict) else {}
    mend = f"uninstall {answer.entry.distribution}, or install a version that is mended"
    if answer.fault:
        yield Trouble("broken", where, path, answer.fault.removesuffix("."), mend)
    if value.get("absent"):
        reason = f"there is no module {value['absent']}, which its Config says implements it"
        yield Trouble("broken", where, path, reason, mend)
    if value.get("tensorflow") or answer.seconds > slow:
        because = ", as it imports TensorFlow" if value.get("tensorflow") else ""
        reason = f"its Config takes {answer.seconds:.1f} seconds to import{because}"
        hint = "its `implementation` is to be named as text, and to import there what takes long"
        yield Trouble("slow", where, path, reason, hint, usable=True)
    if answer.printed.strip():
        reason = f"it prints while it is imported: {answer.printed.strip()[:80]!r}"
        hint = "its authors can take that out, or log it"
        yield Trouble("prints", where, path, reason, hint, usable=True)
