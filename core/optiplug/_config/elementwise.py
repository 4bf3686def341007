"""Who promises to treat every element alike, so that small variables may come joined, or rows alone."""

from __future__ import annotations

from optiplug._hookspecs import STAGES

__all__ = ["is_elementwise"]

_FORMULAS = frozenset([*STAGES, "update_step", "update_variables"])


def is_elementwise(kind: type) -> bool:
    """Return what the Config of a class says, unless the class has a formula of its own and no Config.

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
    for attributes in map(vars, kind.__mro__):
        if "Config" in attributes:
            return bool(getattr(attributes["Config"], "elementwise", False))
        if _FORMULAS & attributes.keys():
            break
    return False
