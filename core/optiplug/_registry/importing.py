"""Imports what a plugin names, whatever its modules do meanwhile."""

from __future__ import annotations

import importlib
import signal
import threading
from collections.abc import Callable
from functools import reduce
from types import FrameType
from typing import Any, Self

from optiplug.errors import BrokenPluginError

from .entry_points import Entry
from .reasons import reason

__all__ = ["config_class", "imported", "is_config"]

# What is used of every Config. By attributes and not by base class: configs import this room.
_MEMBERS = ("implementation", "load_implementation", "model_fields", "model_json_schema", "summary")


def config_class(entry: Entry) -> Any:
    """Import the Config class of an entry.

    Raises
    ------
    BrokenPluginError
        If that fails, or what the entry names is no such class.
    """
    found = imported(entry.target, f"{entry} cannot be imported from {entry.target}")
    if not is_config(found, entry.kind):
        raise BrokenPluginError(f"{entry.target} of {entry} is not a Config class of the {entry.kind}")
    return found


def imported(target: str, fault: str) -> Any:
    """Return what ``module:attribute`` names, importing it.

    An interrupt by the user goes through; one that the module raises itself is its fault, like all else.

    Raises
    ------
    BrokenPluginError
        With `fault` and the reason, if anything is raised: a module may end the program, for one.
    """
    module, _, attribute = target.partition(":")
    with _Interrupts() as interrupts:
        try:
            return reduce(getattr, attribute.split("."), importlib.import_module(module))
        except BaseException as error:
            if interrupts.came and isinstance(error, KeyboardInterrupt):
                raise
            raise BrokenPluginError(f"{fault}: {reason(error)}") from error


def is_config(obj: object, kind: str) -> bool:
    """Whether this is a Config class of this kind."""
    try:
        fits = isinstance(obj, type) and getattr(obj, "kind", None) == kind
        return fits and all(hasattr(obj, name) for name in _MEMBERS)
    except Exception:  # noqa: BLE001  # a metaclass answers for its class
        return False


class _Interrupts:
    """Notes whether a signal came while some code ran: a KeyboardInterrupt does not tell who raised it."""

    def __init__(self) -> None:
        self.came = False
        self._former: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def __enter__(self) -> Self:
        # Python hands signals to the main thread, which alone may say what is done with them.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if callable(handler):
                    self._former[number] = handler
                    signal.signal(number, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        self._former[number](number, frame)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            # A module may have set a handler of its own, which then stays.
            if signal.getsignal(number) == self._note:
                signal.signal(number, handler)
