"""Reads functions of `optax` with their arguments, and chains of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from optiplug.errors import ConfigError, Problem
from optiplug_convert.draft import Draft, Path
from optiplug_convert.filling import fill, found, mapping
from optiplug_convert.rules import Arguments, Row, Unsupported

from .optax import OPTIMIZERS
from .optax_schedules import NESTED, SCHEDULES
from .optax_transforms import AROUND, BEFORE, DIRECTIONS, RATES, UNSUPPORTED

__all__ = ["optax"]

_FUNCTION = "optax"
_ALL: Mapping[str, Row | Unsupported] = {
    **UNSUPPORTED,
    **OPTIMIZERS,
    **BEFORE,
    **DIRECTIONS,
    **RATES,
    **{name: row for name, (_, row) in AROUND.items()},
    "chain": Row("sgd", {}),
}
_OUTSIDE = "optax multiplies the momentum by the rate of the step, and here the rate is inside of it"


def optax(data: Arguments) -> Draft:
    """Convert ``{"optax": "adamw", "learning_rate": ...}``, or a chain of such."""
    draft = _optimizer(data, ())
    outside = draft.fields["use"] in ("sgd", "rmsprop") and draft.fields.get("momentum")
    if outside and isinstance(draft.fields.get("learning_rate"), Mapping):
        draft.note(_OUTSIDE, "learning_rate")
    return draft


def _optimizer(form: object, path: Path) -> Draft:
    name, arguments = _call(form, path)
    if name == "chain":
        return _chain(arguments, path)
    if name in AROUND:
        return _around(name, arguments, path)
    row = found(_ALL, name, (*path, _FUNCTION), "optax")
    if name in OPTIMIZERS:
        draft = Draft()
        _fill(draft, row, arguments, path)
        return draft
    if name in DIRECTIONS:
        rule = "has no learning rate: chain it with `scale_by_learning_rate`"
        raise ConfigError([Problem((*path, _FUNCTION), rule, name)])
    raise ConfigError([Problem((*path, _FUNCTION), "is no optimizer by itself: chain it with one", name)])


def _call(form: object, path: Path) -> tuple[str, Arguments]:
    """Return the name of a function and its arguments; a list is a chain."""
    form = mapping(form, path)
    name = form.get(_FUNCTION)
    arguments = {key: value for key, value in form.items() if key != _FUNCTION}
    if isinstance(name, list):
        return "chain", {"transforms": name, **arguments}
    if not isinstance(name, str):
        raise ConfigError([Problem(path, "must say the function, as `optax: adamw`", dict(form))])
    return name.removeprefix("optax."), arguments


def _fill(draft: Draft, row: Row, arguments: Arguments, path: Path) -> None:
    """Fill a draft, with schedules in the place of numbers."""
    part = Draft()
    told: dict[str, object] = {}
    for key, value in arguments.items():
        if isinstance(value, Mapping) and _FUNCTION in value:
            told[key] = _schedule(part, value, (*path, key))
        else:
            told[key] = value
    # Without momentum there is nothing for Nesterov's.
    if row.use == "sgd" and not told.get("momentum", told.get("decay")):
        told.pop("nesterov", None)
    fill(draft, row, told, path)
    draft.left_out += part.left_out
    draft.adopt(part.notes, "learning_rate")


def _schedule(draft: Draft, form: object, path: Path) -> object:
    """Return the config of a schedule; numbers are schedules, too."""
    if not isinstance(form, Mapping):
        return form
    name, arguments = _call(form, path)
    row = found(SCHEDULES, name, (*path, _FUNCTION), "optax")
    part = Draft()
    told = dict(arguments)
    if name == NESTED and isinstance(told.get("schedules"), list):
        here: Path = (*path, "schedules")
        inner: Any = told["schedules"]
        told["schedules"] = [_schedule(draft, each, (*here, place)) for place, each in enumerate(inner)]
    fill(part, row, told, path)
    draft.left_out += part.left_out
    draft.adopt(part.notes)
    return part.as_config()


def _around(name: str, arguments: Arguments, path: Path) -> Draft:
    """Convert what is around an optimizer into a processor of it."""
    argument, row = AROUND[name]
    if argument not in arguments:
        raise ConfigError([Problem(path, f"must say which optimizer it is around, as `{argument}`")])
    draft = _optimizer(arguments[argument], (*path, argument))
    _listed(draft, row, {key: value for key, value in arguments.items() if key != argument}, path, first=True)
    return draft


def _listed(draft: Draft, row: Row, arguments: Arguments, path: Path, *, first: bool = False) -> None:
    part = Draft()
    _fill(part, row, arguments, path)
    draft.listed(part, path, first=first)


def _chain(arguments: Arguments, path: Path) -> Draft:
    """Convert what changes gradients, then a direction or an optimizer, then a decay and a rate."""
    forms, here = arguments.get("transforms"), (*path, "transforms")
    if not isinstance(forms, list) or not forms:
        raise ConfigError([Problem(here, "must be a list of transformations", forms)])
    before, whole, rates = Draft(), None, 0
    for place, form in enumerate(forms):
        at: Path = (*here, place)
        name, told = _call(form, at)
        row = found(_ALL, name, (*at, _FUNCTION), "optax")
        if name in RATES and whole is not None:
            _set_rate(whole, name, row, told, at)
            rates += 1
        elif name in BEFORE and whole is None:
            _listed(before, row, told, at)
        elif name == "add_decayed_weights" and whole is not None and not rates:
            decoupled = replace(row, use=str(whole.fields["use"]))
            part = Draft()
            _fill(part, decoupled, told, at)
            whole.left_out += part.left_out
            whole.set("weight_decay", part.fields.get("strength", 0.0), at)
        elif whole is None and name in DIRECTIONS:
            whole = Draft()
            _fill(whole, row, told, at)
        elif whole is None:
            whole, rates = _optimizer(form, at), 1
        else:
            whole.refuse(
                (*at, _FUNCTION), "comes after what makes the update, where it is not converted", name
            )
    if whole is None or not rates:
        raise ConfigError([Problem(here, "has no optimizer in it, or no learning rate")])
    return _joined(before, whole)


def _set_rate(draft: Draft, name: str, row: Row, arguments: Arguments, path: Path) -> None:
    """Write the rate, which optax has as a negative factor where its name does not say so."""
    part = Draft()
    _fill(part, row, arguments, path)
    draft.left_out += part.left_out
    rate = part.fields.get("value")
    if "learning_rate" in draft.fields:
        draft.refuse((*path, _FUNCTION), "is a second rate: multiply both", rate)
    elif name == "scale_by_learning_rate":
        draft.set("learning_rate", rate, path)
    elif isinstance(rate, int | float) and rate <= 0:
        draft.set("learning_rate", -rate, path)
    else:
        draft.refuse(path, "must be a negative number, or a `scale_by_learning_rate`", rate)


def _joined(before: Draft, whole: Draft) -> Draft:
    """Put the processors of one draft before those of another."""
    for place in reversed(range(len(before.processors))):
        entry = dict(before.processors[place])
        origin = before.origins[("processors", place)]
        whole.add(str(entry.pop("use")), origin, entry, first=True)
        for note in before.notes.get(("processors", place), []):
            whole.note(note, "processors", 0)
    whole.left_out = before.left_out + whole.left_out
    return whole
