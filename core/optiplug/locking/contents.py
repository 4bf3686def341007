"""What is to be locked: the plugins of configs, and the distributions that they come from."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from urllib.parse import urlsplit

import importlib_metadata

from optiplug import registry
from optiplug._config.base import NamedConfig
from optiplug._config.inside import configs
from optiplug._config.keyword_processors import with_keywords
from optiplug._registry.installed_files import sha256_of_distribution, uncovered
from optiplug._registry.metadata import canonical
from optiplug._registry.requirements import required, with_required
from optiplug.errors import IncompatiblePluginError
from optiplug.registry import Entry

from .lock_file import CORE, SOURCE, LockedDistribution, LockFile

__all__ = ["lock_of"]


def lock_of(found: Iterable[NamedConfig]) -> LockFile:
    """Return a lock file of all plugins that configs use as they are now, and of the core.

    That is those inside of others and those that keywords such as `clipnorm` stand for, too; with their
    distributions, those that these require are locked. TensorFlow is not imported.

    Raises
    ------
    IncompatiblePluginError
        If a plugin cannot be locked: code has registered it, or its files are out of reach.

    Examples
    --------
    >>> from optiplug_sgd.config import SGDConfig
    >>> lock = lock_of([SGDConfig(clipnorm=1.0)])
    >>> sorted(lock.distributions)
    ['optiplug-core', 'optiplug-processors', 'optiplug-sgd']
    >>> lock.distributions["optiplug-sgd"].plugins
    {'optimizers': ('sgd',)}
    """
    used: defaultdict[str, set[Entry]] = defaultdict(set)
    things: defaultdict[str, set[str | type]] = defaultdict(set)
    for config in with_keywords([each for outer in found for _, each in configs(outer)]):
        entry = registry.find(config.kind, registry.reference_of(type(config)))
        if not entry.version:
            rule = f"{entry} is registered by code, of which a lock file can hold nothing"
            raise IncompatiblePluginError(rule, hint="offer it by an entry point of a distribution")
        used[entry.distribution].add(entry)
        things[entry.distribution] |= {type(config), config.implementation}
    for name, theirs in things.items():
        _require_covered(name, theirs)
    names = sorted({CORE, *with_required(used)}, key=canonical)
    return LockFile(format=1, distributions={canonical(each): _locked(each, used[each]) for each in names})


def _require_covered(name: str, things: Iterable[str | type]) -> None:
    """Refuse classes whose files would not be compared."""
    for each in uncovered(with_required([name]), things):
        where = each if isinstance(each, str) else f"{each.__module__}:{each.__qualname__}"
        rule = f"{where}, which {name} uses, is in none of the files that a lock compares"
        raise IncompatiblePluginError(rule, hint=f"install {name} as a wheel, which lists all of its files")


def _locked(name: str, used: Iterable[Entry]) -> LockedDistribution:
    total = sha256_of_distribution(name)
    if total is None:
        rule = f"the files of {name} are out of reach, so they cannot be compared"
        raise IncompatiblePluginError(rule, hint="install it as a wheel")
    plugins: dict[str, tuple[str, ...]] = {}
    for entry in sorted(used, key=lambda entry: entry.order):
        plugins[entry.kind] = (*plugins.get(entry.kind, ()), entry.name)
    return LockedDistribution(
        version=importlib_metadata.version(name),
        sha256=total,
        source=_source(importlib_metadata.distribution(name).read_text("direct_url.json")),
        requires=tuple(sorted(map(canonical, required(name)))),
        plugins=plugins,
    )


def _source(told: str | None) -> str | None:
    """Return the URL that an installer has noted; None for a folder or file of this machine.

    >>> revision = '"vcs_info": {"vcs": "git", "commit_id": "1f"}'
    >>> _source('{"url": "https://me:secret@git.example/a.git", ' + revision + "}")
    'git+https://git.example/a.git@1f'
    """
    try:
        direct = json.loads(told or "{}")
        parts = urlsplit(direct["url"])
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        version_control = direct.get("vcs_info", {})
        if version_control:
            url = f"{version_control['vcs']}+{url}@{version_control['commit_id']}"
    # Whatever wrote it: that there is no source to be told is no fault.
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    return url if SOURCE.fullmatch(url) else None
