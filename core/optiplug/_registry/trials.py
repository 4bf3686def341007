"""What came of importing plugins when that was last tried, remembered for as long as nothing has changed.

Whoever reads it must take it for hearsay: it says what happened once, and a file may be forged. So it is
told, and decides nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from optiplug._regular_file import read_whole
from optiplug._user_cache import is_private, user_cache

from .apart import Answer
from .entry_points import Entry
from .import_states import ImportStates
from .index import Offer
from .metadata import canonical
from .reasons import bounded

__all__ = ["VARIABLE", "Trial", "Trials"]

VARIABLE = "OPTIPLUG_TRIALS"
"""Names the folder in which trials are kept; 0 keeps none."""

_FORMAT = 1
_LARGEST = 1 << 20  # in bytes, of what is remembered of a distribution
_MOST_KEPT = 1000  # distributions, those of all environments of this user together
_LONGEST_FAULT, _LONGEST_WORD = 2000, 500


@dataclass(frozen=True)
class Trial:
    """What came of importing a plugin in a process that had imported no other.

    Its `fault` is empty if it was imported; `absent` is the module that it names and that is not there.
    """

    when: float
    fault: str = ""
    seconds: float = 0.0
    printed: str = ""
    tensorflow: bool = False
    absent: str = ""

    @property
    def failure(self) -> str:
        """Why it cannot be used; empty if it can."""
        absent = f"there is no module {self.absent}, which its Config says implements it"
        return self.fault or (absent if self.absent else "")

    @property
    def day(self) -> str:
        """When it was, for people."""
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(self.when))


class Trials:
    """Remembers trials of plugins; where nothing can be kept or read, there are none.

    Parameters
    ----------
    offers
        The distributions by canonical name, as they are now: what was tried of another state is forgotten.
    """

    def __init__(self, offers: Mapping[str, Offer]) -> None:
        self._offers, self._folder = offers, _folder()
        self._names = _names_in(self._folder)
        self._states, self._state_of = dict[str, str](), ImportStates().of
        self._kept: dict[str, dict[str, Trial]] = {}

    def of(self, entry: Entry) -> Trial | None:
        """Return the last trial of a plugin as it is now, if there was one."""
        return self._of_distribution(canonical(entry.distribution)).get(_key(entry))

    def begin(self, entries: Iterable[Entry]) -> None:
        """Take down how distributions are now, before they are tried: they may change meanwhile."""
        for name in {canonical(entry.distribution) for entry in entries}:
            self._state(name)

    def learn(self, answers: Iterable[Answer]) -> None:
        """Remember which plugins could not be imported by those who asked them for something else."""
        found: dict[Entry, Trial | None] = {}
        for answer in answers:
            fault = answer.fault.removesuffix(".")
            if fault.startswith((f"{answer.entry} cannot be imported", f"{answer.entry.target} of ")):
                found[answer.entry] = Trial(time.time(), fault, printed=answer.printed)
            elif not fault and (trial := self.of(answer.entry)) and trial.fault:
                found[answer.entry] = None
        self.keep(found)

    def keep(self, found: Mapping[Entry, Trial | None]) -> None:
        """Remember trials, or forget them; where that is not possible, nothing happens."""
        changed = set()
        for entry, trial in found.items():
            name = canonical(entry.distribution)
            kept = self._of_distribution(name)
            if kept.get(_key(entry)) != trial and self._state(name):
                changed.add(name)
                kept.pop(_key(entry), None)
                kept |= {_key(entry): trial} if trial else {}
        if changed and self._folder is not None:
            with contextlib.suppress(OSError):
                self._write(self._folder, changed)

    def _write(self, folder: Path, names: Iterable[str]) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_private(folder.stat()):
            return
        for name in names:
            trials = {key: asdict(trial) for key, trial in self._kept[name].items()}
            text = json.dumps({"format": _FORMAT, "state": self._state(name), "trials": trials})
            _replace(folder / self._file(name), text)
        _remove_oldest(folder)

    def _of_distribution(self, name: str) -> dict[str, Trial]:
        if name not in self._kept:
            self._kept[name] = self._read(name)
        return self._kept[name]

    def _read(self, name: str) -> dict[str, Trial]:
        if self._folder is None or name not in self._offers or self._file(name) not in self._names:
            return {}
        try:
            said = json.loads(read_whole(self._folder / self._file(name), _LARGEST, follow=False))
        except (OSError, ValueError, RecursionError):
            return {}
        if (
            not isinstance(said, dict)
            or said.get("format") != _FORMAT
            or not isinstance(said.get("trials"), dict)
        ):
            return {}
        if not self._state(name) or said.get("state") != self._state(name):
            return {}
        found = ((key, _trial(each)) for key, each in said["trials"].items())
        return {key: trial for key, trial in found if trial is not None}

    def _file(self, name: str) -> str:
        # Each environment has its own, and what is tried anew takes the place of what was.
        place = f"{self._offers[name].metadata.path}\0{sys.prefix}\0{sys.implementation.cache_tag}"
        return f"{name[:80]}-{hashlib.sha256(place.encode(errors='backslashreplace')).hexdigest()[:16]}.json"

    def _state(self, name: str) -> str:
        if name not in self._states:
            self._states[name] = self._state_of(self._offers[name]) if name in self._offers else ""
        return self._states[name]


def _folder() -> Path | None:
    value = os.environ.get(VARIABLE, "")
    with contextlib.suppress(RuntimeError):  # somebody without a home
        return (
            None if value == "0" else (Path(value) if value else user_cache("trials")).expanduser().absolute()
        )
    return None


def _names_in(folder: Path | None) -> frozenset[str]:
    """Return what is kept; nothing if others may have written it."""
    try:
        if folder is not None and is_private(folder.stat()):
            return frozenset(each.name for each in folder.iterdir())
    except (OSError, ValueError):
        pass
    return frozenset()


def _key(entry: Entry) -> str:
    return f"{entry.kind} {entry.name} = {entry.target}"


def _trial(said: object) -> Trial | None:
    """Return what a file says of a trial, cleaned and cut; None if it says nothing that can be understood."""
    if not isinstance(said, dict):
        return None
    default = Trial(0.0)
    values = {each.name: said.get(each.name, getattr(default, each.name)) for each in fields(Trial)}
    if not all(type(value) is type(getattr(default, name)) for name, value in values.items()):
        return None
    if not all(math.isfinite(values[name]) and 0 <= values[name] < 1e11 for name in ("when", "seconds")):
        return None
    longest = {"fault": _LONGEST_FAULT, "printed": _LONGEST_WORD, "absent": _LONGEST_WORD}
    return Trial(**values | {name: bounded(values[name], most) for name, most in longest.items()})


def _replace(path: Path, text: str) -> None:
    """Write a file so that whoever reads it meanwhile finds the old one or the new one."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=".", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.flush()
            temporary.replace(path)
        except BaseException:
            temporary.unlink()
            raise


def _remove_oldest(folder: Path) -> None:
    kept = list(_by_age(folder))
    for path in kept[: max(0, len(kept) - _MOST_KEPT)]:
        path.unlink(missing_ok=True)


def _by_age(folder: Path) -> Iterator[Path]:
    found = [(each.stat(follow_symlinks=False).st_mtime_ns, each.path) for each in os.scandir(folder)]
    yield from (Path(path) for _, path in sorted(found))
