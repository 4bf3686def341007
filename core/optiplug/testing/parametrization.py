"""Checks as pytest tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from optiplug import registry
from optiplug._config.base import NamedConfig, config_of
from optiplug.errors import ConfigError, UnknownPluginError

from .collection import checks, refuse_unknown

if TYPE_CHECKING:
    import pytest

__all__ = ["label", "parametrize_with_checks"]


def parametrize_with_checks(
    configs: Iterable[object], *, expected_failures: Mapping[str, str] = MappingProxyType({})
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
        fails: the promise is kept again, and the entry can go. What a config exempts itself from in
        `exemptions` is skipped.

    Raises
    ------
    ConfigError
        If something else than configs is given, or `expected_failures` names no test.
    """
    import pytest

    named = [(label(config), config) for config in map(_config, configs)]
    cases = [(f"{name}-{each.name}", config, each) for name, config in named for each in checks(config.kind)]
    refuse_unknown(expected_failures, [name for name, *_ in cases])
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
    own = [(key, value) for key, value in config if key not in usual or value != usual[key]]
    return f"{name}({', '.join(f'{key}={_shown(value)}' for key, value in own)})" if own else name


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return label(value) if isinstance(value, NamedConfig) else str(value)


def _config(value: object) -> NamedConfig:
    config = config_of(value)
    if config is None:
        hint = f"write {value.__name__}()" if isinstance(value, type) else ""
        raise ConfigError("must be a config, or made from one", received=value, hint=hint)
    return config
