"""How a broken plugin is entered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Mutant(NamedTuple):
    """A class, the check that it fails, what that check says, and hyperparameters."""

    plugin: Any
    check: str
    message: str
    fields: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.check}-{self.plugin.__name__}"


MUTANTS: list[Mutant] = []


def breaks(check: str, message: str, **fields: Any) -> Callable[[type], type]:
    """Enter the decorated class as one that fails `check` with a message that matches `message`."""

    def enter(plugin: type) -> type:
        MUTANTS.append(Mutant(plugin, check, message, fields))
        return plugin

    return enter
