"""The schedulers of `torch.optim.lr_scheduler`, which multiply the rate that the optimizer has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optiplug_convert.draft import Draft
from optiplug_convert.numbers import short
from optiplug_convert.rules import (
    LIST,
    NUMBER,
    TEXT,
    WHOLE,
    Ignored,
    Kept,
    Neutral,
    Row,
    Rule,
    To,
    Unsupported,
    typed,
)

__all__ = ["BASE", "MULTIPLY", "SCHEDULERS"]

BASE = "initial_learning_rate"
"""The field that holds the rate of the optimizer, before a row is applied."""

MULTIPLY = ("StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR")
"""Those that a ChainedScheduler may hold: each multiplies the rate by a factor of its own."""

_RISES = "in torch the rate rises again after T_max, and here it stays"
_COMMON: Mapping[str, Rule] = {
    "last_epoch": Neutral((-1, 0), "a run that goes on has the count of its steps as state"),
    "verbose": Ignored("rates are in the record of a run"),
}
_MOMENTUM = Neutral((False,), "a momentum that goes with the rate: set `cycle_momentum` to false")


def _aside(*names: str, of: tuple[type, ...] = NUMBER) -> dict[str, Rule]:
    """Return rules for arguments that `after` makes something of."""
    return {name: Kept("see the schedule", of) for name in names}


def _milestones(draft: Draft) -> None:
    fields: dict[str, Any] = draft.fields
    base, gamma, milestones = (fields.pop(name) for name in (BASE, "gamma", "milestones"))
    for place, milestone in enumerate(milestones):
        typed(milestone, WHOLE, (*draft.origins[("milestones",)], place))
    # A boundary belongs to the value before it, and a milestone to that after it.
    fields["boundaries"] = [each - 1 for each in milestones]
    fields["values"] = [short(base * gamma**place) for place in range(len(milestones) + 1)]


def _constant(draft: Draft) -> None:
    fields: dict[str, Any] = draft.fields
    base, factor, total = (fields.pop(name) for name in (BASE, "factor", "total_iters"))
    fields["boundaries"], fields["values"] = [total - 1], [short(base * factor), base]


def _linear(draft: Draft) -> None:
    fields: dict[str, Any] = draft.fields
    base = fields[BASE]
    fields[BASE] = short(base * fields.pop("start_factor"))
    fields["end_learning_rate"] = short(base * fields.pop("end_factor"))


def _least(draft: Draft) -> None:
    fields: dict[str, Any] = draft.fields
    least = fields.pop("eta_min")
    if least:
        fields["alpha"] = short(least / fields[BASE])


def _one_cycle(draft: Draft) -> None:
    """Go from one value to the next at the steps at which torch has them, one less than ours."""
    fields: dict[str, Any] = draft.fields
    names = ("max_lr", "total_steps", "pct_start", "div_factor", "final_div_factor", "three_phase", BASE)
    peak, total, share, up, down, three, _ = (fields.pop(name) for name in names)
    first, top = peak / up, share * total - 1
    times = [top, 2 * top, total - 1] if three else [top, total - 1]
    values = [first, peak, first, first / down] if three else [first, peak, first / down]
    fields["boundaries"] = [int(each) if each == int(each) else each for each in times]
    fields["values"] = [short(each) for each in values]
    fields["shape"] = {"cos": "cosine"}.get(fields["shape"], fields["shape"])


def _cyclic(draft: Draft) -> None:
    draft.fields[BASE] = draft.fields.pop("base_lr")
    if draft.fields.get("mode") != "exp_range":
        draft.fields.pop("gamma", None)


SCHEDULERS: Mapping[str, Row | Unsupported] = {
    "StepLR": Row(
        "exponential",
        {"step_size": To("decay_steps"), "gamma": To("decay_rate"), **_COMMON},
        {"gamma": 0.1},
        {"staircase": True},
    ),
    "MultiStepLR": Row(
        "piecewise_constant",
        {**_aside("milestones", of=LIST), **_aside("gamma"), **_COMMON},
        {"gamma": 0.1},
        after=_milestones,
        needs=("milestones",),
    ),
    "ConstantLR": Row(
        "piecewise_constant",
        {**_aside("factor"), **_aside("total_iters", of=WHOLE), **_COMMON},
        {"factor": 1 / 3, "total_iters": 5},
        after=_constant,
    ),
    "LinearLR": Row(
        "linear",
        {**_aside("start_factor", "end_factor"), "total_iters": To("transition_steps"), **_COMMON},
        {"start_factor": 1 / 3, "end_factor": 1.0, "total_iters": 5},
        after=_linear,
    ),
    "ExponentialLR": Row("exponential", {"gamma": To("decay_rate"), **_COMMON}, fixed={"decay_steps": 1}),
    "PolynomialLR": Row(
        "polynomial",
        {"total_iters": To("decay_steps"), "power": To("power"), **_COMMON},
        {"total_iters": 5},
        {"end_learning_rate": 0.0},
    ),
    "CosineAnnealingLR": Row(
        "cosine",
        {"T_max": To("decay_steps"), **_aside("eta_min"), **_COMMON},
        {"eta_min": 0.0},
        notes=(_RISES,),
        after=_least,
    ),
    "CosineAnnealingWarmRestarts": Row(
        "cosine_restarts",
        {"T_0": To("first_decay_steps"), "T_mult": To("t_mul"), **_aside("eta_min"), **_COMMON},
        {"T_mult": 1, "eta_min": 0.0},
        after=_least,
    ),
    "CyclicLR": Row(
        "cyclical",
        {
            **_aside("base_lr"),
            "max_lr": To("maximal_learning_rate"),
            "step_size_up": To("step_size"),
            "step_size_down": Neutral((None,), "here a cycle falls as long as it rises"),
            "mode": To("mode"),
            "gamma": To("gamma"),
            "scale_fn": Neutral((None,), "write a function of the step, in Python"),
            "scale_mode": Ignored("it belongs to `scale_fn`"),
            "cycle_momentum": _MOMENTUM,
            "base_momentum": Ignored("it belongs to `cycle_momentum`"),
            "max_momentum": Ignored("it belongs to `cycle_momentum`"),
            **_COMMON,
        },
        {"step_size_up": 2000, "cycle_momentum": True},
        after=_cyclic,
        needs=("base_lr", "max_lr"),
    ),
    "OneCycleLR": Row(
        "piecewise_interpolate",
        {
            **_aside("max_lr", "pct_start", "div_factor", "final_div_factor"),
            **_aside("total_steps", of=WHOLE),
            **_aside("three_phase", of=()),
            "anneal_strategy": To("shape", of=TEXT),
            "epochs": Neutral((None,), "write `total_steps`"),
            "steps_per_epoch": Neutral((None,), "write `total_steps`"),
            "cycle_momentum": _MOMENTUM,
            "base_momentum": Ignored("it belongs to `cycle_momentum`"),
            "max_momentum": Ignored("it belongs to `cycle_momentum`"),
            **_COMMON,
        },
        {
            "pct_start": 0.3,
            "div_factor": 25.0,
            "final_div_factor": 1e4,
            "three_phase": False,
            "anneal_strategy": "cos",
            "cycle_momentum": True,
        },
        after=_one_cycle,
        needs=("max_lr", "total_steps", "anneal_strategy"),
    ),
    "LambdaLR": Unsupported("it is a function: give it as `learning_rate`, in Python"),
    "MultiplicativeLR": Unsupported("it is a function: give it as `learning_rate`, in Python"),
    "ReduceLROnPlateau": Unsupported("it follows a figure of training: set `learning_rate` in a callback"),
    "SWALR": Unsupported("write `join` of your schedule and `linear`, with the processor `swa`"),
    "LRScheduler": Unsupported("it is the base of the others"),
}
"""All but SequentialLR and ChainedScheduler, which hold others; see `torch_reading`."""
