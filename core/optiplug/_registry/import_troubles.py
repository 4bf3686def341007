"""What is wrong with imports of plugins: by their sources, by trials before, and by trials now."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from .apart import Answer, Server, Waiting, ask
from .descriptions import Descriptions
from .entry_points import Entry
from .registry import Registry
from .sources import spec_of
from .trials import Trial, Trials
from .troubles import Trouble

__all__ = ["ImportTroubles", "manners", "troubles_of_imports"]


@dataclass(frozen=True)
class ImportTroubles:
    """What is wrong, and the plugins of which that cannot be told, as nobody has tried them."""

    found: list[Trouble]
    untried: list[Entry]


def troubles_of_imports(
    registry: Registry,
    entries: Sequence[Entry],
    trials: Trials,
    *,
    again: bool = False,
    within: float = 30.0,
    limit: float = 10.0,
    slow: float = 2.0,
    waiting: Waiting = lambda _: None,
) -> ImportTroubles:
    """Return which plugins break, are slow or print when their Configs are imported.

    Of those whose sources show that they must break, and of those that were tried before and have not
    changed, nothing is imported; the others are, each distribution in a process apart.

    Parameters
    ----------
    registry
        Where they are from.
    entries
        The plugins. Left alone are those that may not be used, and those that metadata shows to be broken.
    trials
        What was tried before; what is tried now is added.
    again
        Whether to try all.
    within
        How many seconds all that may take; 0: nothing is tried.
    limit
        After how many seconds the import of one is broken off.
    slow
        How many seconds are too many.
    waiting
        Is called now and then with those that have not answered yet.
    """
    sound = [entry for entry in entries if registry.status(entry) not in ("blocked", "broken")]
    before = {} if again else {entry: trial for entry in sound if (trial := trials.of(entry))}
    asking = partial(ask, about=manners, limit=limit, alone=True, waiting=waiting)
    # It begins while the sources are read.
    with Server() if within and len(before) < len(sound) else nullcontext() as server:
        read = Descriptions()
        faults = {entry: read.of(entry).fault for entry in sound if not registry.is_registered(entry)}
        found = [_broken(entry, registry.path(entry), fault) for entry, fault in faults.items() if fault]
        sound = [entry for entry in sound if not faults.get(entry)]
        unknown = [entry for entry in sound if entry not in before]
        now: dict[Entry, Trial] = {}
        if unknown and server:
            trials.begin(unknown)
            now = _tried(unknown, slow, within, server, asking)
            trials.keep(now)
    for entry in sound:
        if trial := now.get(entry, before.get(entry)):
            found += _troubles(entry, registry.path(entry), trial, slow, before=entry in before)
    return ImportTroubles(found, [entry for entry in unknown if entry not in now])


def _tried(
    entries: Sequence[Entry], slow: float, within: float, server: Server, asking: Callable[..., list[Answer]]
) -> dict[Entry, Trial]:
    end = time.monotonic() + within
    found = {}
    for answer in asking(entries, within=within, server=server):
        left = end - time.monotonic()
        best = answer
        if answer.seconds > slow and left > 0:
            # Once more and by itself, since many at once have to wait for each other.
            (other,) = asking([answer.entry], within=left)
            best = min(answer, other, key=lambda each: each.seconds) if other.came else answer
        if answer.came:
            found[answer.entry] = _trial(best)
    return found


def _trial(answer: Answer) -> Trial:
    value = answer.value if isinstance(answer.value, dict) else {}
    return Trial(
        time.time(),
        answer.fault.removesuffix("."),
        answer.seconds,
        answer.printed.strip(),
        value.get("tensorflow") is True,
        str(value.get("absent", "")),
    )


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


def _broken(entry: Entry, path: str, reason: str, since: str = "") -> Trouble:
    hint = f"uninstall {entry.distribution}, or install a version that is mended"
    return Trouble("broken", str(entry), path, reason, f"{hint}{since}")


def _troubles(entry: Entry, path: str, trial: Trial, slow: float, *, before: bool) -> Iterator[Trouble]:
    since = f"; it was so on {trial.day}, and `optiplug doctor --again` tries it again" if before else ""
    if trial.failure:
        yield _broken(entry, path, trial.failure, since)
    if trial.tensorflow or trial.seconds > slow:
        because = ", as it imports TensorFlow" if trial.tensorflow else ""
        reason = f"its Config takes {trial.seconds:.1f} seconds to import{because}"
        hint = f"its `implementation` is to be named as text, and to import there what takes long{since}"
        yield Trouble("slow", str(entry), path, reason, hint, usable=True)
    if trial.printed:
        reason = f"it prints while it is imported: {trial.printed[:80]!r}"
        hint = f"its authors can take that out, or log it{since}"
        yield Trouble("prints", str(entry), path, reason, hint, usable=True)
