"""Which classes promise to be elementwise, so that small variables or rows may be joined."""

from __future__ import annotations

from optiplug._hookspecs import STAGES

__all__ = ["is_elementwise"]

_FORMULAS = frozenset([*STAGES, "update_step", "update_variables"])


def is_elementwise(cls: type) -> bool:
    """Return `elementwise` of a class's Config; False if the class overrides a formula without a Config.

    A class that only overrides a hook, or `update_step`, may not know what it inherits, so it
    inherits no promise about that.

    >>> class Promises:
    ...     class Config:
    ...         elementwise = True
    >>> class AlsoPromises(Promises):
    ...     pass
    >>> class DoesAsItLikes(Promises):
    ...     def update_step(self, gradient, variable):
    ...         variable.assign_sub(gradient / sum(gradient))
    >>> [is_elementwise(kind) for kind in (Promises, AlsoPromises, DoesAsItLikes)]
    [True, True, False]
    """
    # Not `getattr`, which would find the Config of a base behind an override.
    for attributes in map(vars, cls.__mro__):
        if "Config" in attributes:
            return bool(getattr(attributes["Config"], "elementwise", False))
        if _FORMULAS & attributes.keys():
            break
    return False
