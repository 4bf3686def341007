"""Broken plugins, tried on the check that has to find them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from optiplug._config.base import resolve
from optiplug.testing import Check, checks
from support.mutants import MUTANTS
from support.mutants.mutant import Mutant

SOUND = {
    "optimizers": resolve("optimizers", {"use": "sgd", "momentum": 0.9}),
    "processors": resolve("processors", {"use": "ema"}),
    "schedules": resolve("schedules", {"use": "warmup", "schedule": 0.5, "warmup_steps": 3}),
}


def mutants_of(module: str) -> list[Mutant]:
    """Return the mutants whose check is in this file of `optiplug.testing`."""
    found = [mutant for mutant in MUTANTS if _module(check_of(mutant)) == module]
    assert found, module
    return found


def check_of(mutant: Mutant) -> Check:
    """Return the check that a mutant has to fail."""
    return check_named(mutant.plugin.Config.kind, mutant.check)


def check_named(kind: str, name: str) -> Check:
    """Return the check of a kind with this name."""
    return next(each for each in checks(kind) if each.name == name)


def assert_is_found(mutant: Mutant, registered: Callable[..., Any]) -> None:
    """Expect the check to fail on the mutant, with its message, and to pass on a sound plugin."""
    registered(mutant.plugin)
    config = mutant.plugin.Config(**mutant.fields)
    check = check_of(mutant)
    with pytest.raises(Exception, match=mutant.message):
        check(config)
    check(SOUND[config.kind])


def _module(check: Check) -> str:
    return check.function.__module__.rpartition(".")[2]
