"""What the Config of a class promises of its formula, and who inherits such a promise."""

from __future__ import annotations

from optiplug._hookspecs import STAGES

__all__ = ["is_elementwise", "is_stackable", "takes_complex"]

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
    return _promise(cls, "elementwise") is True


def is_stackable(cls: type) -> bool:
    """Return `stackable` of a class's Config; False if the class overrides a formula without a Config.

    >>> class Promises:
    ...     class Config:
    ...         stackable = True
    >>> class DoesAsItLikes(Promises):
    ...     def update_step(self, gradient, variable):
    ...         variable.assign_sub(gradient @ gradient)
    >>> is_stackable(Promises), is_stackable(DoesAsItLikes)
    (True, False)
    """
    return _promise(cls, "stackable") is True


def takes_complex(cls: type) -> bool | None:
    """Return `complex_variables` of a class's Config; None if the class overrides a formula without a Config.

    Such a formula may be right for complex variables or not, so they are not refused there.

    >>> class IsForRealNumbers:
    ...     class Config:
    ...         complex_variables = False
    >>> class DoesAsItLikes(IsForRealNumbers):
    ...     def update_step(self, gradient, variable):
    ...         variable.assign_sub(gradient)
    >>> takes_complex(IsForRealNumbers), takes_complex(DoesAsItLikes)
    (False, None)
    """
    return _promise(cls, "complex_variables")


def _promise(cls: type, name: str) -> bool | None:
    """Return what the Config that belongs to a class's formula says under a name, None if nothing."""
    # Not `getattr`, which would find the Config of a base behind an override.
    for attributes in map(vars, cls.__mro__):
        if "Config" in attributes:
            promise: bool | None = getattr(attributes["Config"], name, None)
            return promise
        if _FORMULAS & attributes.keys():
            break
    return None
