"""The learning rates of the TensorFlow Model Garden, by the `type` of a `learning_rate` or `warmup`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optiplug_convert.draft import Draft
from optiplug_convert.rules import LIST, NUMBER, WHOLE, Ignored, Kept, Neutral, Row, Rule, To

__all__ = ["OFFSET", "RATES", "WARMUPS"]

OFFSET = "offset"
"""The field in which a draft keeps how many steps later a schedule begins; see `model_garden_reading`."""

_NAME: Mapping[str, Rule] = {"name": Ignored("it names operations")}
_LATER: Mapping[str, Rule] = {OFFSET: Kept("`shift` of the warmup, if it is as long", WHOLE)}
_SECOND_STEP = "at step 0 it has the value of step 1 in the garden"


def _same(*names: str) -> dict[str, Rule]:
    return {name: To(name) for name in names}


def _power_linear(draft: Draft) -> None:
    """Multiply a power of the step by a line that ends at 0."""
    fields: dict[str, Any] = draft.fields
    total, share = fields.pop("total_decay_steps"), fields.pop("linear_decay_fraction")
    steps = round(total * share)
    if not steps:
        return
    line = {
        "use": "linear",
        "initial_learning_rate": 1.0,
        "end_learning_rate": 0.0,
        "transition_steps": steps,
        "transition_begin": fields.get(OFFSET, 0) + total - steps,
    }
    draft.fields = {"use": "product", "schedules": [fields, line]}


def _step_cosine(draft: Draft) -> None:
    boundaries: Any = draft.fields["boundaries"]
    if boundaries[:1] != [0]:
        draft.refuse(draft.origins[("boundaries",)], "must begin with 0, where the values begin", boundaries)
    draft.fields["boundaries"] = boundaries[1:]
    draft.note("the garden gives no number after the last boundary, and here the last value stays")


RATES: Mapping[str, Row] = {
    "stepwise": Row(
        "piecewise_constant",
        {"boundaries": To("boundaries", of=LIST), "values": To("values"), **_LATER, **_NAME},
        needs=("boundaries",),
    ),
    "exponential": Row(
        "exponential",
        {**_same("initial_learning_rate", "decay_steps", "decay_rate", "staircase"), **_LATER, **_NAME},
    ),
    "polynomial": Row(
        "polynomial",
        {
            **_same("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle"),
            **_LATER,
            **_NAME,
        },
    ),
    "cosine": Row("cosine", {**_same("initial_learning_rate", "decay_steps", "alpha"), **_LATER, **_NAME}),
    "power": Row("power_decay", {**_same("initial_learning_rate", "power"), **_NAME}, {"power": -0.5}),
    "power_with_offset": Row(
        "power_decay",
        {**_same("initial_learning_rate", "power", "offset", "pre_offset_learning_rate"), **_NAME},
        {"power": -0.5, "pre_offset_learning_rate": 1.0e6},
    ),
    "power_linear": Row(
        "power_decay",
        {
            **_same("initial_learning_rate", "power"),
            **_LATER,
            "total_decay_steps": Kept("a `linear` schedule in a `product`", WHOLE),
            "linear_decay_fraction": Kept("its `transition_steps`", NUMBER),
            **_NAME,
        },
        {"power": -0.5, "linear_decay_fraction": 0.1},
        after=_power_linear,
        needs=("total_decay_steps",),
    ),
    "step_cosine_with_offset": Row(
        "piecewise_interpolate",
        {
            "boundaries": To("boundaries", of=LIST),
            "values": To("values"),
            OFFSET: Neutral((0,), "add it to the boundaries"),
            **_NAME,
        },
        fixed={"shape": "cosine"},
        after=_step_cosine,
        needs=("boundaries",),
    ),
}
"""All but `constant`, which is a number."""

WARMUPS: Mapping[str, Row] = {
    "linear": Row(
        "warmup",
        {"warmup_steps": To("warmup_steps"), "warmup_learning_rate": To("initial_learning_rate"), **_NAME},
        fixed={"shift": False},
    ),
    "polynomial": Row(
        "warmup",
        {"warmup_steps": To("warmup_steps"), "power": To("power"), **_NAME},
        fixed={"shift": False},
        notes=(_SECOND_STEP,),
    ),
}
