"""All checks of a kind, and one call that runs them."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from optiplug._config.base import NamedConfig
from optiplug.errors import ConfigError, nearest
from optiplug.registry import KINDS

from .check import Check, NotApplicable

__all__ = ["Result", "checks", "refuse_unknown", "run"]

Outcome = Literal["passed", "failed", "skipped", "failed as expected", "passed unexpectedly"]

_NONE: Mapping[str, str] = MappingProxyType({})
_RUNNING = ("optimizers", "processors", "schedules")
_MODULES = (
    "execution",
    "memory",
    "devices",
    "meshes",
    "state",
    "gradients",
    "edges",
    "complex_variables",
    "settings",
    *_RUNNING,
)


@dataclass(frozen=True)
class Result:
    """What became of one check; `message` says why it did not simply pass."""

    check: Check
    outcome: Outcome
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing has to be done about it."""
        return self.outcome in {"passed", "skipped", "failed as expected"}


def checks(kind: str) -> tuple[Check, ...]:
    """Return the checks of a kind, the quickest first.

    Raises
    ------
    ConfigError
        If there is no such kind.

    Examples
    --------
    >>> [check.name for check in checks("tasks")][:2]
    ['survives_json', 'refuses_unknown_keys']
    """
    if kind not in KINDS:
        raise ConfigError(f"must be one of {', '.join(KINDS)}", received=kind, hint=nearest(kind, KINDS))
    names = ("configs", *(_MODULES if kind in _RUNNING else ()))
    modules = [importlib.import_module(f".{name}", __package__) for name in names]
    found = (value for module in modules for value in vars(module).values() if isinstance(value, Check))
    return tuple(each for each in found if kind in each.kinds)


def run(config: NamedConfig, *, expected_failures: Mapping[str, str] = _NONE) -> list[Result]:
    """Try every check on what `config` creates, and return what became of each.

    Parameters
    ----------
    config
        An instance, so that fields without a default have values.
    expected_failures
        For the name of each check that is known to fail, the reason.

    Raises
    ------
    ConfigError
        If `expected_failures` names no check of this kind.

    Examples
    --------
    >>> from optiplug import registry
    >>> results = run(registry.get("tasks", "digits")())
    >>> [result.check.name for result in results if not result.ok]
    []
    """
    every = checks(config.kind)
    refuse_unknown(expected_failures, [each.name for each in every])
    return [_result(each, config, expected_failures.get(each.name)) for each in every]


def _result(check: Check, config: NamedConfig, reason: str | None) -> Result:
    try:
        check(config)
    except NotApplicable as why:
        return Result(check, "skipped", str(why))
    except Exception as error:  # noqa: BLE001  # a plugin may fail in any way
        message = f"{type(error).__name__}: {error}"
        return (
            Result(check, "failed", message)
            if reason is None
            else Result(check, "failed as expected", reason)
        )
    return Result(check, "passed") if reason is None else Result(check, "passed unexpectedly", reason)


def refuse_unknown(expected: Iterable[str], known: Sequence[str]) -> None:
    """Raise a ConfigError if one of the `expected` failures is no known check."""
    for name in expected:
        if name not in known:
            raise ConfigError("must be the name of a check", received=name, hint=nearest(name, known))
