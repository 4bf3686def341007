"""Configs as they are now: with what was set since an optimizer was made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from .section import Section

__all__ = ["updated"]

Config = TypeVar("Config", bound=Section)


def updated(config: Config, changes: Mapping[int, Mapping[str, object]]) -> Config:
    """Return a config in which those with these `id`s, itself or inside of it, have other values.

    >>> from optiplug import Section
    >>> class Inner(Section):
    ...     rate: float = 1.0
    >>> class Outer(Section):
    ...     parts: tuple[Inner, ...] = ()
    >>> inner = Inner()
    >>> updated(Outer(parts=(inner, Inner())), {id(inner): {"rate": 0.5}})
    Outer(parts=(Inner(rate=0.5), Inner(rate=1.0)))
    """
    inside = {name: _updated(value, changes) for name, value in config}
    changed: dict[str, object] = {
        name: value for name, value in inside.items() if value is not getattr(config, name)
    }
    changed |= changes.get(id(config), {})
    return config.model_copy(update=changed) if changed else config


def _updated(value: object, changes: Mapping[int, Mapping[str, object]]) -> Any:
    if isinstance(value, Section):
        return updated(value, changes)
    if isinstance(value, tuple):
        return tuple(_updated(item, changes) for item in value)
    if isinstance(value, dict):
        return {key: _updated(item, changes) for key, item in value.items()}
    return value
