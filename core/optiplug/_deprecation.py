"""What is deprecated: since which version, until which it works, and what to write in its place.

An old name is in the list, and warns where it is used; docs/compatibility.md says how long it works on.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["DEPRECATED", "Deprecation", "renamed", "warn_deprecated"]


@dataclass(frozen=True)
class Deprecation:
    """What to write `instead`, `since` which version, and with which version the old name goes."""

    instead: str
    since: str = "0.1"
    until: str = "1.0"


DEPRECATED: Mapping[str, Deprecation] = MappingProxyType(
    {
        "lr": Deprecation("learning_rate"),  # of Keras, which has it deprecated too
        "optiplug.ClosedUnitInterval": Deprecation("optiplug.UnitScalar"),
        "optiplug.LearningRate": Deprecation("optiplug.NonNegativeScalar"),
        "optiplug.NonNegative": Deprecation("optiplug.NonNegativeScalar"),
        "optiplug.Positive": Deprecation("optiplug.PositiveFloat"),
        "optiplug.Selector": Deprecation("optiplug.PathGlobs"),
        "optiplug.UnitInterval": Deprecation("optiplug.BelowOneScalar"),
        "optiplug.numerics.select": Deprecation("optiplug.numerics.where"),
        "optiplug.registry.registry": Deprecation("from optiplug import registry"),
    }
)
"""Every old name that goes on working for now."""


def warn_deprecated(old: str, *, stacklevel: int = 2) -> None:
    """Warn of an old name, which is one of `DEPRECATED`, at the line of the user's code.

    >>> import warnings
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     warn_deprecated("lr")
    >>> print(caught[0].message)
    `lr` is deprecated since optiplug 0.1 and goes with 1.0: write `learning_rate`.
    """
    told = DEPRECATED[old]
    said = f"`{old}` is deprecated since optiplug {told.since} and goes with {told.until}"
    # A FutureWarning, because Python hides a DeprecationWarning from most users.
    warnings.warn(f"{said}: write `{told.instead}`.", FutureWarning, stacklevel=stacklevel + 1)


def renamed(module: str, name: str) -> str | None:
    """Return the new name of what a module called `name`, with a warning; None if it had no such name.

    For the `__getattr__` of the module, with whose caller the warning is.

    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     renamed("optiplug.numerics", "select"), renamed("optiplug.numerics", "selekt")
    ('where', None)
    """
    old = f"{module}.{name}"
    if old not in DEPRECATED:
        return None
    warn_deprecated(old, stacklevel=3)
    return DEPRECATED[old].instead.rpartition(".")[2]
