"""What must be the same when a run goes on: its config, its data, the code that computes, its replicas."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import importlib_metadata

from optiplug import registry
from optiplug._config.base import NamedConfig, config_of, plain_values
from optiplug._config.inside import configs
from optiplug._config.keyword_processors import with_keywords
from optiplug._registry.installed_files import files_in, sha256_of, sha256_of_code, sha256_of_distribution
from optiplug._registry.requirements import with_required
from optiplug.errors import ConfigError

__all__ = ["identity_of"]

_CORE = "optiplug-core"
_PLATFORM = ("numpy", "tensorflow")


def identity_of(
    config: object,
    *,
    data: Mapping[str, object] | None = None,
    replicas: int | None = None,
    without: Collection[str] = (),
) -> dict[str, Any]:
    """Return what decides the numbers of a run, as JSON values in sections, for `Checkpoints`.

    ``config`` is all that was configured; ``data`` what was handed over; ``versions`` those of Python,
    TensorFlow, NumPy, the core and each distribution with a plugin in `config`, the plugins of keywords such
    as `clipnorm` and those that other plugins require included; ``replicas`` their number. Beside the version
    of a plugin is the SHA-256 of its files as they are, since a formula may change and a number not. Plugins
    registered by code count with the files that their classes are in. TensorFlow is not imported.

    Parameters
    ----------
    config
        A config, an object that was made with one, or a mapping or list with such in it.
    data
        JSON values by name, such as the version of a data package. A path stands for the content of that
        file, or of all files in that folder.
    replicas
        Number of replicas of the strategy.
    without
        Top-level fields of `config` that decide no numbers, such as how often something is logged.

    Raises
    ------
    ConfigError
        If something in it cannot be said in JSON, a file of `data` cannot be read, or `config` is already
        plain values, in which plugins cannot be told.
    PluginError
        If a plugin is not registered, or its files cannot be read.

    Examples
    --------
    >>> import optiplug
    >>> identity = identity_of(optiplug.create("sgd", learning_rate=0.5), replicas=1)
    >>> list(identity), identity["config"]["learning_rate"]
    (['config', 'versions', 'replicas'], 0.5)
    >>> list(identity["versions"])
    ['python', 'numpy', 'tensorflow', 'optiplug-core', 'optiplug-sgd']
    """
    _require_configs(config)
    sections = {
        "config": _without(plain_values(config), without),
        "data": None if data is None else {name: _datum(name, value) for name, value in data.items()},
        "versions": dict(_versions([each for path, each in configs(config) if not {*path[:1]} & {*without}])),
        "replicas": replicas,
    }
    given = {name: value for name, value in sections.items() if value is not None}
    try:
        # As the manifest will have it: lists for tuples.
        identity: dict[str, Any] = json.loads(json.dumps(given, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the identity must consist of JSON values: {error}") from error
    return identity


def _require_configs(config: object) -> None:
    if config_of(config) is None and (not isinstance(config, Mapping | list | tuple) or _has_use(config)):
        raise ConfigError(
            "must be a config, or a mapping or list with configs in it",
            where="config",
            received=config,
            hint="hand over the config itself and not its dump, which does not tell where plugins are from",
        )


def _has_use(value: object) -> bool:
    if isinstance(value, Mapping):
        return "use" in value or any(map(_has_use, value.values()))
    return isinstance(value, list | tuple) and any(map(_has_use, value))


def _without(plain: Any, names: Collection[str]) -> Any:
    return {name: value for name, value in plain.items() if name not in names} if names else plain


def _datum(name: str, value: object) -> object:
    if not isinstance(value, Path):
        return value
    try:
        return sha256_of(files_in(value) if value.is_dir() else {"": value})
    except OSError as error:
        raise ConfigError(f"cannot be read: {error}", where=f"data.{name}", received=str(value)) from error


def _versions(found: list[NamedConfig]) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Yield version and sum of all that computes, by the name of its distribution."""
    yield "python", {"version": sys.version.split()[0]}
    for name in _PLATFORM:
        yield name, {"version": importlib_metadata.version(name)}
    yield _CORE, {"version": importlib_metadata.version(_CORE), "sha256": sha256_of_distribution(_CORE)}
    entries = [
        (registry.find(each.kind, registry.reference_of(type(each))), each) for each in with_keywords(found)
    ]
    code: defaultdict[str, set[str | type]] = defaultdict(set)
    for entry, config in entries:
        # What code has registered has no version.
        name = entry.distribution if entry.version else entry.qualified
        code[name] |= {type(config), config.implementation}
    installed = {entry.distribution for entry, _ in entries if entry.version}
    for name in sorted(with_required(installed)):
        version = importlib_metadata.version(name)
        yield name, {"version": version, "sha256": sha256_of_distribution(name, code.pop(name, ()))}
    for name, things in sorted(code.items()):
        yield name, {"version": "", "sha256": sha256_of_code(things)}
