"""Rules between the fields of a config, as JSON Schema: a validator finds them broken where we do.

Each is an `if` on one field and a constant for another, so the error is at the value that does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

__all__ = ["alone", "needing"]

# What is false in Python.
_NOTHING: list[object] = [0, False, None, "", [], {}]


def needing(config: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the rules of `needs`: a field that does nothing without another one may not be set alone."""
    return [
        {"if": _holds(config, other), "else": _only(config, name, f"has no effect without `{other}`")}
        for each in config.__mro__
        for name, other in vars(each).get("needs", {}).items()
    ]


def alone(config: type[BaseModel], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rules that of these fields, which may be null, no more than one is set."""
    return [
        {
            "if": _where(earlier, {"not": {"const": None}}, default=_default(config, earlier) is not None),
            "then": {"properties": {later: _constant(None, f"cannot be combined with {earlier}")}},
        }
        for index, later in enumerate(names)
        for earlier in names[:index]
    ]


def _holds(config: type[BaseModel], needed: str) -> dict[str, Any]:
    """Return the condition that what a field needs, ``other`` or ``other=value``, is there."""
    name, _, value = needed.partition("=")
    default = _default(config, name)
    if value:
        return _where(name, {"const": value}, default=default == value)
    return _where(name, {"not": {"enum": _NOTHING}}, default=bool(default))


def _where(name: str, condition: dict[str, Any], *, default: bool) -> dict[str, Any]:
    """Return a condition on a field; `default` says whether the field's default fulfils it."""
    return {"properties": {name: condition}, **({} if default else {"required": [name]})}


def _only(config: type[BaseModel], name: str, reason: str) -> dict[str, Any]:
    default = _default(config, name)
    plain = list(default) if isinstance(default, tuple) else default
    return {"properties": {name: _constant(plain, reason)}}


def _constant(value: object, reason: str) -> dict[str, Any]:
    # Editors show the message in place of the constant, and offer the field where it is described.
    return {"const": value, "errorMessage": reason, "doNotSuggest": True}


def _default(config: type[BaseModel], name: str) -> Any:
    return config.model_fields[name].get_default(call_default_factory=True)
