"""The schedules of `optax`, by the names of its functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optiplug.errors import ConfigError, Problem
from optiplug_convert.draft import Draft
from optiplug_convert.numbers import short
from optiplug_convert.rules import MAPPING, NUMBER, WHOLE, Kept, Neutral, Row, Rule, To, Unsupported, typed

__all__ = ["NESTED", "SCHEDULES"]

NESTED = "join_schedules"
"""The function that holds other schedules; see `optax_reading`."""

_NO_DELAY = Neutral((0,), "write `join` of a number and the schedule")


def _aside(name: str, of: tuple[type, ...] = ()) -> dict[str, Rule]:
    """Return the rule for an argument that `after` makes something of."""
    return {name: Kept("see the schedule", of)}


def _scaled(draft: Draft) -> tuple[list[int], list[float]]:
    """Return boundaries, and the values that a first one and the scales after it make."""
    fields: dict[str, Any] = draft.fields
    value, scales = fields.pop("init_value"), fields.pop("boundaries_and_scales", {})
    place = draft.origins.get(("boundaries_and_scales",), ())
    boundaries, values = [], [value]
    for boundary in sorted(scales, key=lambda each: (len(each), each)):
        typed(scales[boundary], NUMBER, (*place, boundary))
        if not boundary.isdecimal():
            raise ConfigError([Problem((*place, boundary), "must be a number of steps", boundary)])
        boundaries.append(int(boundary))
        values.append(short(values[-1] * scales[boundary]))
    return boundaries, values


def _steps(draft: Draft) -> None:
    boundaries, draft.fields["values"] = _scaled(draft)
    # A boundary belongs to the value before it, and in optax to that after it.
    draft.fields["boundaries"] = [each - 1 for each in boundaries]


def _ways(draft: Draft) -> None:
    draft.fields["boundaries"], draft.fields["values"] = _scaled(draft)


def _least(draft: Draft) -> None:
    """Give the last value as a share of the highest, and count the decay without the warmup."""
    fields: dict[str, Any] = draft.fields
    fields["decay_steps"] -= fields["warmup_steps"]
    end = fields.pop("end_value", 0.0)
    if end:
        fields["alpha"] = short(end / fields["warmup_target"])


def _after_warmup(draft: Draft) -> None:
    """Let an exponential decay begin where the warmup ends."""
    fields = draft.fields
    decay = {
        "use": "exponential",
        **{name: fields.pop(name) for name in tuple(fields) if name in _EXPONENTIAL},
        "initial_learning_rate": fields.pop("peak_value"),
    }
    fields["schedule"] = decay


_EXPONENTIAL = ("decay_steps", "decay_rate", "transition_begin", "staircase", "end_learning_rate")
_DECAY: Mapping[str, Rule] = {
    "transition_steps": To("decay_steps"),
    "decay_rate": To("decay_rate"),
    "transition_begin": To("transition_begin"),
    "staircase": To("staircase"),
    "end_value": To("end_learning_rate"),
}
_SCALED: Mapping[str, Rule] = {**_aside("init_value", NUMBER), **_aside("boundaries_and_scales", MAPPING)}
_INITIAL: Mapping[str, Rule] = {"init_value": To("initial_learning_rate")}
_WARMUP: Mapping[str, Rule] = {**_INITIAL, "warmup_steps": To("warmup_steps")}
_CYCLE: Mapping[str, Rule] = {
    "transition_steps": To("total_steps"),
    "peak_value": To("peak_learning_rate"),
    **{name: To(name) for name in ("pct_start", "div_factor", "final_div_factor")},
}

SCHEDULES: Mapping[str, Row | Unsupported] = {
    "constant_schedule": Row("constant", {"value": To("value")}),
    "cosine_decay_schedule": Row(
        "cosine",
        {**_INITIAL, "decay_steps": To("decay_steps"), "alpha": To("alpha"), "exponent": To("exponent")},
    ),
    "exponential_decay": Row("exponential", {**_INITIAL, **_DECAY}),
    "linear_schedule": Row(
        "linear",
        {
            **_INITIAL,
            "end_value": To("end_learning_rate"),
            "transition_steps": To("transition_steps"),
            "transition_begin": To("transition_begin"),
        },
    ),
    "polynomial_schedule": Row(
        "polynomial",
        {
            **_INITIAL,
            "end_value": To("end_learning_rate"),
            "power": To("power"),
            "transition_steps": To("decay_steps"),
            "transition_begin": _NO_DELAY,
        },
    ),
    "piecewise_constant_schedule": Row("piecewise_constant", _SCALED, after=_steps, needs=("init_value",)),
    "piecewise_interpolate_schedule": Row(
        "piecewise_interpolate",
        {**_SCALED, "interpolate_type": To("shape")},
        after=_ways,
        needs=("init_value",),
    ),
    "warmup_constant_schedule": Row("warmup", {**_WARMUP, "peak_value": To("schedule")}),
    "warmup_cosine_decay_schedule": Row(
        "cosine",
        {
            **_INITIAL,
            "warmup_steps": To("warmup_steps", of=WHOLE),
            "peak_value": To("warmup_target", of=NUMBER),
            "decay_steps": To("decay_steps", of=WHOLE),
            "exponent": To("exponent"),
            **_aside("end_value", NUMBER),
        },
        after=_least,
        needs=("warmup_steps", "peak_value", "decay_steps"),
    ),
    "warmup_exponential_decay_schedule": Row(
        "warmup", {**_WARMUP, **_DECAY, **_aside("peak_value")}, after=_after_warmup, needs=("peak_value",)
    ),
    "cosine_onecycle_schedule": Row("one_cycle", _CYCLE),
    "linear_onecycle_schedule": Row(
        "one_cycle", {**_CYCLE, "pct_final": To("pct_final")}, fixed={"shape": "linear"}
    ),
    "sgdr_schedule": Unsupported("write `join` of the schedules of its parts"),
    NESTED: Row("join", {"schedules": To("schedules"), "boundaries": To("boundaries")}),
}
