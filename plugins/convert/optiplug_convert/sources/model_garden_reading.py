"""Reads the optimizer in a YAML file of the TensorFlow Model Garden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from optiplug.errors import ConfigError, Problem
from optiplug_convert.draft import Draft, Path
from optiplug_convert.filling import fill, found, mapping
from optiplug_convert.rules import Arguments, Row

from .keras_arguments import LEGACY, adjusted, compared
from .model_garden import AVERAGE, GARDEN
from .model_garden_schedules import OFFSET, RATES, WARMUPS

__all__ = ["model_garden"]

_LIBRARY = "the Model Garden"


def model_garden(data: Arguments) -> Draft:
    """Convert an optimization config: `optimizer`, `learning_rate`, `warmup` and `ema`."""
    path, config = _located(data)
    kind, fields, here = _one_of(config.get("optimizer"), (*path, "optimizer"))
    row = found(GARDEN, kind, (*path, "optimizer", "type"), _LIBRARY)
    # The rate of the garden is a part of its own.
    told = {name: value for name, value in row.defaults.items() if name != "learning_rate"}
    draft = Draft({"learning_rate": None})
    _rate(draft, config, path)
    rate = draft.fields.pop("learning_rate")
    fill(draft, _with_rate(row, told, rate), adjusted(fields, LEGACY), here)
    compared(draft, LEGACY)
    if config.get("ema") is not None:
        _average(draft, mapping(config["ema"], (*path, "ema")), (*path, "ema"))
    for name in config.keys() - {"optimizer", "learning_rate", "warmup", "ema"}:
        draft.refuse((*path, name), "is no part of an optimization config", config[name], key=True)
    return draft


def _with_rate(row: Row, defaults: Arguments, rate: object) -> Row:
    """Return a row that begins with this learning rate, converted already."""
    return replace(row, defaults=defaults, fixed={**row.fixed, "learning_rate": rate})


def _located(data: Arguments) -> tuple[Path, Arguments]:
    """Return where the optimization config of an experiment is."""
    for name in ("trainer", "optimizer_config"):
        if isinstance(data.get(name), Mapping):
            path, config = _located(mapping(data[name], (name,)))
            return (name, *path), config
    return (), data


def _one_of(value: object, path: Path) -> tuple[str, Arguments, Path]:
    """Return the type of a part that is one of several, and its fields."""
    part = mapping(value, path)
    kind = part.get("type")
    if not isinstance(kind, str):
        raise ConfigError([Problem(path, "must say its `type`", value)])
    fields = part.get(kind)
    return kind, {} if fields is None else mapping(fields, (*path, kind)), (*path, kind)


def _rate(draft: Draft, config: Arguments, path: Path) -> None:
    """Write the learning rate, with the warmup around it."""
    kind, fields, here = _one_of(config.get("learning_rate"), (*path, "learning_rate"))
    told: object
    offset: object = 0
    if kind == "constant":
        told = fields.get("learning_rate", 0.1)
    else:
        row = found(RATES, kind, (*path, "learning_rate", "type"), _LIBRARY)
        told, offset = _schedule(draft, row, fields, here, "learning_rate")
    warmup = config.get("warmup")
    if isinstance(warmup, Mapping) and warmup.get("type") is not None:
        inner = told
        kind, fields, around = _one_of(warmup, (*path, "warmup"))
        draft.notes = {
            (each[0], "schedule", *each[1:]) if each else each: texts for each, texts in draft.notes.items()
        }
        row = found(WARMUPS, kind, (*path, "warmup", "type"), _LIBRARY)
        outer, _ = _schedule(draft, row, fields, around, "learning_rate")
        outer["schedule"] = inner
        # A schedule that begins where the warmup ends.
        if offset and offset == outer.get("warmup_steps"):
            outer["shift"], offset = True, 0
        told = outer
    if offset:
        hint = "here a schedule begins at step 0, or where a warmup ends"
        draft.refuse((*here, OFFSET), "is not the number of steps of the warmup", offset, hint)
    draft.fields["learning_rate"] = told
    draft.origins[("learning_rate",)] = (*path, "learning_rate")


def _schedule(
    draft: Draft, row: Row, fields: Arguments, path: Path, place: str
) -> tuple[dict[str, object], object]:
    """Return a schedule, and how many steps later it begins."""
    part = Draft()
    fill(part, row, fields, path)
    draft.left_out += part.left_out
    draft.adopt(part.notes, place)
    offset: Any = 0
    if part.fields.get("use") == "piecewise_constant":
        moved: Any = part.fields.pop(OFFSET, 0)
        part.fields["boundaries"] = [each + moved for each in _numbers(part.fields.get("boundaries"))]
    elif part.fields.get("use") not in ("power_decay", "product"):
        offset = part.fields.pop(OFFSET, 0)
    return part.as_config(), offset


def _numbers(value: object) -> list[int]:
    return [each for each in value if isinstance(each, int)] if isinstance(value, list) else []


def _average(draft: Draft, fields: Arguments, path: Path) -> None:
    part = Draft()
    fill(part, AVERAGE, fields, path)
    draft.listed(part, path)
