"""Asks plugins about themselves in processes apart: whatever they do when imported, it harms nobody."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from typing import Self, TypeAlias

from .child_process import About, answer
from .entry_points import Entry
from .reasons import bounded
from .registry import installed_plugins

__all__ = ["Answer", "Server", "ask"]

Waiting: TypeAlias = Callable[[Sequence[Entry]], object]

_WAIT = 1.0  # in seconds
_LONGEST_SAID = 1_000
_SERVER = """
import json, sys
sys.path[:] = json.loads(sys.stdin.readline())
from optiplug._registry.fork_server import serve
serve(json.loads(sys.stdin.readline()))
"""


@dataclass(frozen=True)
class Answer:
    """What a plugin has answered: a `value`, or the `fault` for which there is none."""

    entry: Entry
    value: object = None
    fault: str = ""
    seconds: float = 0.0
    """How long its Config took to import and to answer; the first one imports what others share with it."""
    printed: str = ""
    """What it printed meanwhile, to stdout or stderr."""
    came: bool = True
    """False if there was no time for it."""


def ask(
    entries: Sequence[Entry],
    about: About,
    *,
    limit: float = 30.0,
    alone: bool = False,
    within: float | None = None,
    waiting: Waiting = lambda _: None,
    server: Server | None = None,
) -> list[Answer]:
    """Import the Config classes of plugins in processes apart, and return what `about` says of each.

    A plugin that raises anything, exits, hangs, crashes or says too much is told by the `fault` of its
    answer, and the others by theirs: this function raises nothing of theirs, and what they print goes
    into the answers. `fault` and `printed` are short and cannot steer a terminal; a `value` holds texts as
    the plugin has them.

    A plugin that is blocked is not imported. One that code has registered is asked in this process, in
    which alone it is.

    Parameters
    ----------
    entries
        The plugins to ask.
    about
        A function of a module of ours: from an entry and its Config class to JSON values.
    limit
        How many seconds an entry may take.
    alone
        Give each distribution a process of its own, so that `seconds` counts all that it imports. Otherwise
        several share one, which is faster, and what fails there is tried alone before it is a fault.
    within
        How many seconds all of them may take; None: as many as they take.
    waiting
        Is called now and then with the entries that have not answered yet.
    server
        One that was begun before, when it was not known yet what to ask; it serves once.

    Examples
    --------
    >>> from optiplug import registry
    >>> from optiplug._config.facts import facts
    >>> (answer,) = ask([registry.find("optimizers", "sgd")], facts)
    >>> answer.value["implementation"], answer.fault
    ('optiplug_sgd.sgd:SGD', '')
    """
    told = {entry: _here(entry, about) for entry in entries if not _is_apart(entry)}
    apart = [entry for entry in dict.fromkeys(entries) if entry not in told]
    if apart:
        request = _request(apart, about, limit=limit, alone=alone, within=within)
        with server or Server() as begun:
            told |= _asked(begun, apart, request, waiting)
    return [told[entry] for entry in entries]


def _is_apart(entry: Entry) -> bool:
    # What may not be used, or is known to be broken, is not imported anywhere.
    known = installed_plugins.status(entry) in {"blocked", "broken"}
    return not known and not installed_plugins.is_registered(entry)


def _here(entry: Entry, about: About) -> Answer:
    value, fault = answer(entry, about, installed_plugins.load)
    return Answer(entry, value, fault)


def _request(entries: Sequence[Entry], about: About, **limits: object) -> dict[str, object]:
    asked = f"{about.__module__}:{about.__qualname__}"
    return {"about": asked, "entries": list(map(astuple, entries)), **limits}


def _asked(
    server: Server, entries: Sequence[Entry], request: object, waiting: Waiting
) -> dict[Entry, Answer]:
    told: dict[Entry, Answer] = {}
    for line in server.lines(request, lambda: waiting([entry for entry in entries if entry not in told])):
        number, text, fault, printed = json.loads(line)
        told[entries[number]] = _read(entries[number], text, fault, printed)
    lost = f"the process that imports plugins ended with exit code {server.code}: {bounded(server.said)}"
    left = Answer(entries[0], fault=lost if server.code else "", came=bool(server.code))
    return {entry: told.get(entry, replace(left, entry=entry)) for entry in entries}


class Server:
    """The process that imports plugins in others, as it is seen from here.

    It begins at once to import what is ours, which takes a while, and waits then for its one request.
    """

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        # -P: a file of the current folder must not stand in for a module of Python. -u: what is printed
        # comes in its order, and is not lost with a process that ends at once.
        command = [sys.executable, "-P", "-u", *(f"-W{each}" for each in sys.warnoptions), "-c", _SERVER]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)  # noqa: S603
        self.pid, self.code, self.said = self._process.pid, 0, ""
        self._send([os.path.abspath(each) for each in sys.path])  # noqa: PTH100  # "" is the current folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(BrokenPipeError), self._process:
            # Such as after an interrupt. If it were killed, it could not end those that it has started.
            self._process.terminate()

    def _send(self, value: object) -> None:
        # It reads all before it answers; if it has ended, its exit code tells.
        with suppress(BrokenPipeError):
            for stream in filter(None, [self._process.stdin]):
                stream.write(f"{json.dumps(value)}\n".encode())
                stream.flush()

    def lines(self, request: object, meanwhile: Callable[[], object]) -> Iterator[bytes]:
        """Yield what it answers, as it comes; `meanwhile` is called now and then."""
        self._send(request)
        out, said = (each.fileno() for each in (self._process.stdout, self._process.stderr) if each)
        rest, ends = b"", {out, said}
        while ends:
            ready = select.select([*ends], [], [], _WAIT)[0]
            if not ready:
                meanwhile()
            for end in ready:
                part = os.read(end, 1 << 16)
                if not part:
                    ends.discard(end)
                elif end == said:
                    self.said = (self.said + part.decode(errors="replace"))[:_LONGEST_SAID]
                else:
                    *lines, rest = (rest + part).split(b"\n")
                    yield from lines
        self.code = self._process.wait()


def _read(entry: Entry, text: str, fault: str, printed: str) -> Answer:
    if fault:
        return Answer(entry, fault=fault, printed=printed)
    try:
        value, fault, seconds = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return Answer(entry, fault=f"{entry} cannot be described: its answer cannot be read", printed=printed)
    return Answer(entry, value, fault, seconds, printed)
