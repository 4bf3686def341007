"""All checks of a kind, and two ways to run them: as pytest tests, or in one call."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from optiplug.errors import ConfigError, UnknownPluginError, nearest
from optiplug.named import NamedConfig, config_of
from optiplug.registry import KINDS, registry

from .check import Check, NotApplicable

if TYPE_CHECKING:
    import pytest

__all__ = ["Result", "checks", "parametrize_with_checks", "run"]

Outcome = Literal["passed", "failed", "skipped", "failed as expected", "passed unexpectedly"]

_NONE: Mapping[str, str] = MappingProxyType({})
_RUNNING = ("optimizers", "processors", "schedules")
_MODULES = ("execution", "devices", "state", "gradients", *_RUNNING)


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
    _refuse_unknown(expected_failures, [each.name for each in every])
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


def parametrize_with_checks(
    configs: Iterable[Any], *, expected_failures: Mapping[str, str] = _NONE
) -> pytest.MarkDecorator:
    """Make one pytest test of each config and each of its checks.

    The test takes the arguments `config` and `check`. Its id is the registered name of the config
    and the name of the check, as in ``sgd-dense_equals_sparse``; a config that is not the
    ``example`` of its class also says in which fields: ``sgd(momentum=0.9)-dense_equals_sparse``.

    Parameters
    ----------
    configs
        Configs, or objects that were made from one.
    expected_failures
        For the id of each test that is known to fail, the reason. A test that passes nevertheless
        fails: the promise is kept again, and the entry can go.

    Raises
    ------
    ConfigError
        If something else than configs is given, or `expected_failures` names no test.
    """
    import pytest

    cases = [
        (f"{label(config)}-{each.name}", config, each)
        for config in map(_config, configs)
        for each in checks(config.kind)
    ]
    _refuse_unknown(expected_failures, [name for name, *_ in cases])
    marks = {
        name: pytest.mark.xfail(reason=reason, strict=True) for name, reason in expected_failures.items()
    }
    return pytest.mark.parametrize(
        ("config", "check"),
        [pytest.param(*case, id=name, marks=marks.get(name, ())) for name, *case in cases],
    )


def label(config: NamedConfig) -> str:
    """Return the registered name of a config, with the fields in which it is not its class's example."""
    try:
        name = registry.reference_of(type(config))
    except UnknownPluginError:
        name = type(config).__name__
    usual: dict[str, Any] = {}
    with suppress(ConfigError):  # an example that cannot be created fails a check of its own
        usual = dict(type(config)(**config.example))
    own = ", ".join(f"{key}={value}" for key, value in config if key not in usual or value != usual[key])
    return f"{name}({own})" if own else name


def _config(value: Any) -> NamedConfig:
    config = config_of(value)
    if config is None:
        hint = f"write {value.__name__}()" if isinstance(value, type) else ""
        raise ConfigError("must be a config, or made from one", received=value, hint=hint)
    return config


def _refuse_unknown(expected: Mapping[str, str], known: list[str]) -> None:
    for name in expected:
        if name not in known:
            raise ConfigError("must be the name of a check", received=name, hint=nearest(name, known))
