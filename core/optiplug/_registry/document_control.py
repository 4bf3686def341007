"""The key `plugins` of a document: what it requires, allows and blocks, before anything is imported."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from optiplug.errors import ConfigError, Problem, nearest

from .control import Control
from .entry_points import NAME, accepts
from .index import Index
from .metadata import DamagedMetadataError, canonical, installed_version
from .near_names import near

__all__ = ["SCHEMA", "control_of"]

_TEXTS = {"type": "array", "items": {"type": "string"}}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "Which plugins this document may use; checked before anything is imported.",
    "properties": {
        "require": {
            **_TEXTS,
            "description": "Distributions that must be installed, as in optiplug-lion>=1.2.",
        },
        "allow": {**_TEXTS, "description": "The distributions beside the standard installation to be used."},
        "block": {**_TEXTS, "description": "Names, distributions and NAME@DISTRIBUTION that are not used."},
        "strict": {"type": "boolean", "description": "Whether any trouble with a plugin is an error."},
    },
    "additionalProperties": False,
}
"""The JSON Schema of that key."""

_Check: TypeAlias = Callable[[str, Index], Problem | None]

_KEYS = tuple(SCHEMA["properties"])
_LONGEST = 256
_DISTRIBUTION = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_REQUIREMENT = re.compile(rf"({_DISTRIBUTION})\s*([<>=!~][^@;]*)?")
_REFERENCE = re.compile(rf"(?:{NAME.pattern}@)?{_DISTRIBUTION}")
_LIST = "`optiplug list --wide` shows what is installed"


def control_of(plugins: object, index: Index, trouble: str) -> Control:
    """Return the control that a document asks for, if what is installed is what it asks for.

    Parameters
    ----------
    plugins
        The value of the key.
    index
        What is installed.
    trouble
        What `strict` refuses; empty if there is nothing.

    Raises
    ------
    ConfigError
        With every problem, the paths of which begin with ``plugins``.
    """
    if not isinstance(plugins, Mapping):
        hint = f"its keys are {', '.join(_KEYS)}"
        raise ConfigError([Problem(("plugins",), "must be a mapping", plugins, hint)])
    problems = [_unknown(key, value) for key, value in plugins.items() if key not in _KEYS]
    for key, check in _CHECKS.items():
        problems += [each.within("plugins", key) for each in _in_list(plugins.get(key, ()), check, index)]
    strict = plugins.get("strict", False)
    if not isinstance(strict, bool):
        problems.append(Problem(("plugins", "strict"), "must be true or false", strict))
    elif strict and trouble:
        problems.append(Problem(("plugins", "strict"), trouble, hint="see `optiplug doctor`", plugin=True))
    if problems:
        raise ConfigError(problems)
    blocked, allowed = (frozenset(map(canonical, plugins.get(key, ()))) for key in ("block", "allow"))
    return Control(
        blocked,
        allowed if "allow" in plugins else None,
        strict,
        blocking="`plugins.block`",
        allowing="`plugins.allow`",
    )


def _unknown(key: object, value: object) -> Problem:
    hint = f"{nearest(str(key), _KEYS)} the keys are {', '.join(_KEYS)}".strip()
    return Problem(("plugins", str(key)), "is no key of `plugins`", value, hint, key=True)


def _in_list(values: object, check: _Check, index: Index) -> Iterator[Problem]:
    if not isinstance(values, list | tuple):
        yield Problem((), "must be a list", values)
        return
    for place, value in enumerate(values):
        if not isinstance(value, str) or len(value) > _LONGEST:
            yield Problem((place,), f"must be a text of at most {_LONGEST} characters", value)
        elif problem := check(value, index):
            yield problem.within(place)


def _required(text: str, index: Index) -> Problem | None:
    match = _REQUIREMENT.fullmatch(text.strip())
    if match is None:
        return Problem((), "must be DISTRIBUTION or DISTRIBUTION>=VERSION", text)
    name, versions = match.groups()
    version = _version(name, index)
    if version is None:
        return _not_installed(name, text, index)
    try:
        fits = versions is None or accepts(versions, version)
    except ConfigError as error:
        return replace(error.problems[0], received=text)
    rule = f"installed is {name} {version}, which will not do"
    return None if fits else Problem((), rule, text, "install a version that fits", plugin=True)


def _version(name: str, index: Index) -> str | None:
    """Return the version of any installed distribution; None if there is none that can be read."""
    offer = index.offers.get(canonical(name))
    if offer is not None:
        return offer.version
    try:
        return installed_version(name)
    except DamagedMetadataError:
        return None


def _not_installed(name: str, text: str, index: Index) -> Problem:
    damaged = [
        each for each in index.troubles if canonical(each.where) == canonical(name) and not each.usable
    ]
    if damaged:
        return Problem((), f"cannot be used: {damaged[0].reason}", text, damaged[0].hint, plugin=True)
    guess = nearest(canonical(name), index.offers)
    hint = f"{guess} `pip install` installs what is missing".strip()
    return Problem((), f"{name} is not installed", text, hint, plugin=True)


def _allowed(text: str, index: Index) -> Problem | None:
    if not re.fullmatch(_DISTRIBUTION, text):
        return Problem((), "must be the name of a distribution", text)
    if canonical(text) in index.offers:
        return None
    hint = f"{nearest(canonical(text), index.offers)} {_LIST}".strip()
    return Problem((), "no installed distribution with plugins is called so", text, hint, plugin=True)


def _blocked(text: str, index: Index) -> Problem | None:
    if not _REFERENCE.fullmatch(text):
        return Problem((), "must be NAME, DISTRIBUTION or NAME@DISTRIBUTION", text)
    known = {*index.offers, *(each for entry in index.entries for each in (entry.name, entry.qualified))}
    # What is not there need not be blocked; what is nearly there was meant, and would be used.
    meant = near(canonical(text), map(canonical, known))
    if not meant:
        return None
    return Problem(
        (), "nothing that is installed is called so", text, f"did you mean {meant!r}?", plugin=True
    )


_CHECKS: Mapping[str, _Check] = {"require": _required, "allow": _allowed, "block": _blocked}
