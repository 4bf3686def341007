"""What the configs of a row have in common, and the numbers in which they differ.

Where the plain config of a run differs from what the row says, as a range was filled or a schedule put
around a learning rate, a field that may have a schedule becomes a column: its values by step. All else is
the template, of which a step is compiled.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optiplug import Number, OptimizerConfig, registry

__all__ = ["Column", "Plain", "Template", "split"]

Plain = Mapping[str, Any]
_COLUMN = "column"


@dataclass(frozen=True)
class Column:
    """A number or a schedule, as a plain config has it."""

    value: Any

    def __call__(self, steps: int) -> np.ndarray[Any, Any]:
        """Return its values at the first so many steps, in float32 as steps compute."""
        if not isinstance(self.value, Mapping):
            return np.full(steps, self.value, np.float32)
        import tensorflow as tf

        import optiplug

        fields = dict(self.value)
        schedule = optiplug.create(fields.pop("use"), **fields)
        return np.broadcast_to(schedule(tf.range(steps, dtype=tf.int64)).numpy(), steps)


@dataclass(frozen=True)
class Template:
    """A config of an optimizer as JSON in which ``{"column": 0}`` stands for the first column, and so on."""

    text: str
    columns: int

    def config(self, values: Sequence[Callable[..., Any]]) -> OptimizerConfig:
        """Return the config with a function of the step in the place of each column."""
        filled = json.loads(self.text, object_hook=lambda each: _filled(each, values))
        config: OptimizerConfig = registry.get("optimizers", filled.pop("use"))(**filled)
        return config


def _filled(plain: dict[str, Any], values: Sequence[Callable[..., Any]]) -> Any:
    return values[plain[_COLUMN]] if set(plain) == {_COLUMN} else plain


def split(written: Plain, plain: Plain) -> tuple[Template, list[Column]]:
    """Return the template of a plain config, by what the row says, and its columns."""
    columns: list[Column] = []
    return Template(json.dumps(_split(written, plain, columns), sort_keys=True), len(columns)), columns


def _split(written: Plain, plain: Plain, columns: list[Column]) -> dict[str, Any]:
    fields, found = registry.get("optimizers", plain["use"]).model_fields, dict[str, Any]()
    for name, value in plain.items():
        given = written.get(name)
        found[name] = value
        if given == value:
            continue
        if _takes_schedule([fields[name].annotation, *fields[name].metadata]):
            found[name] = {_COLUMN: len(columns)}
            columns.append(Column(value))
        elif isinstance(value, Mapping) and "use" in value and isinstance(given, Mapping) and "use" in given:
            found[name] = _split(given, value, columns)
    return found


def _takes_schedule(kinds: Sequence[Any]) -> bool:
    """Say whether an annotation is of a number that may have a schedule, also where it may be None."""
    return any(
        (isinstance(kind, Number) and kind.schedule)
        or _takes_schedule([*typing.get_args(kind), *getattr(kind, "__metadata__", ())])
        for kind in kinds
    )
