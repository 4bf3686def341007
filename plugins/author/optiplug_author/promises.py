"""The tests that pytest runs for `optiplug test`: one for each kind, of each plugin and each promise."""

from __future__ import annotations

from optiplug import NamedConfig
from optiplug.testing import Check


def test_optimizers(config: NamedConfig, check: Check) -> None:
    """Try a promise of an optimizer."""
    check(config)


def test_processors(config: NamedConfig, check: Check) -> None:
    """Try a promise of a processor."""
    check(config)


def test_schedules(config: NamedConfig, check: Check) -> None:
    """Try a promise of a schedule."""
    check(config)


def test_tasks(config: NamedConfig, check: Check) -> None:
    """Try a promise of a task."""
    check(config)


def test_commands(config: NamedConfig, check: Check) -> None:
    """Try a promise of a command."""
    check(config)
