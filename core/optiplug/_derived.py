"""Properties that an attribute of the same name replaces."""

from __future__ import annotations

from functools import cached_property
from typing import Self, TypeVar, overload

__all__ = ["derived"]

Value = TypeVar("Value")


# Not `property`, which refuses to be set; not `cached_property` itself, which would keep the first value.
class derived(cached_property[Value]):  # noqa: N801  # used as `property` is
    """A property, computed at each access, that an attribute of the same name replaces.

    So the class of a user may call its own attributes as it likes: the core reads no such property.

    >>> class Base:
    ...     @derived
    ...     def state(self):
    ...         return "of the base"
    >>> thing = Base()
    >>> thing.state
    'of the base'
    >>> thing.state = "of its own"
    >>> thing.state
    'of its own'
    """

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> Value: ...
    def __get__(self, instance: object | None, owner: type | None = None) -> Self | Value:
        return self if instance is None else self.func(instance)
