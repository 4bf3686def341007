"""Asks plugins about themselves in processes apart: whatever they do when imported, it harms nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from .child_process import About, answer
from .entry_points import Entry
from .reasons import bounded
from .registry import installed_plugins

__all__ = ["Answer", "ask"]

_SERVER = """
import json, sys
request = json.load(sys.stdin)
sys.path[:] = request["path"]
from optiplug._registry.fork_server import serve
serve(request)
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


def ask(entries: Sequence[Entry], about: About, *, limit: float = 30.0, alone: bool = False) -> list[Answer]:
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
        told |= _asked(apart, about, limit, alone)
    return [told[entry] for entry in entries]


def _is_apart(entry: Entry) -> bool:
    # What may not be used, or is known to be broken, is not imported anywhere.
    known = installed_plugins.status(entry) in {"blocked", "broken"}
    return not known and not installed_plugins.is_registered(entry)


def _here(entry: Entry, about: About) -> Answer:
    value, fault = answer(entry, about, installed_plugins.load)
    return Answer(entry, value, fault)


def _asked(entries: Sequence[Entry], about: About, limit: float, alone: bool) -> dict[Entry, Answer]:
    request = {
        "path": [os.path.abspath(each) for each in sys.path],  # noqa: PTH100  # "" is the current folder
        "about": f"{about.__module__}:{about.__qualname__}",
        "entries": list(map(astuple, entries)),
        "limit": limit,
        "alone": alone,
    }
    # -P: a file of the current folder must not stand in for a module of Python.
    command = [sys.executable, "-P", *(f"-W{each}" for each in sys.warnoptions), "-c", _SERVER]
    code, lines, said = _served(command, json.dumps(request))
    lost = f"the process that imports plugins ended with exit code {code}"
    told = {entry: Answer(entry, fault=f"{lost}: {bounded(said)}") for entry in entries}
    for line in lines.splitlines():
        number, text, fault, printed = json.loads(line)
        entry = entries[number]
        told[entry] = _read(entry, text, fault, printed)
    return told


def _served(command: Sequence[str], request: str) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of the server."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as server:  # noqa: S603
        try:
            stdout, stderr = server.communicate(request)
        except BaseException:
            # Such as an interrupt. If it were killed, it could not end the processes that it has started.
            server.terminate()
            raise
    return server.returncode, stdout, stderr


def _read(entry: Entry, text: str, fault: str, printed: str) -> Answer:
    if fault:
        return Answer(entry, fault=fault, printed=printed)
    try:
        value, fault, seconds = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return Answer(entry, fault=f"{entry} cannot be described: its answer cannot be read", printed=printed)
    return Answer(entry, value, fault, seconds, printed)
