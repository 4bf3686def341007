"""Reads an optimizer of torch: its class with arguments, parameter groups and schedulers."""

from __future__ import annotations

from optiplug.errors import ConfigError, Problem
from optiplug_convert.draft import Draft, Path
from optiplug_convert.filling import fill, found, mapping
from optiplug_convert.rules import Arguments

from .torch import OPTIMIZERS
from .torch_schedulers import BASE, MULTIPLY, SCHEDULERS

__all__ = ["torch"]

_SCHEDULERS = ("lr_scheduler", "scheduler")
_SHARED = ("optimizer", "param_groups", "state", *_SCHEDULERS)
_EACH_STEP = "one scheduler.step() after each optimizer.step()"
_OUTSIDE = "torch multiplies the momentum by the rate of the step, and here the rate is inside of it"


def torch(data: Arguments) -> Draft:
    """Convert a description such as ``{"optimizer": "AdamW", "lr": 1e-3}``, or what `state_dict` has."""
    if not isinstance(data.get("optimizer"), str):
        hint = 'write "optimizer": "AdamW", or which class it is, beside it'
        raise ConfigError(
            [Problem(("optimizer",), "parameter groups do not say which optimizer it is", hint=hint)]
        )
    shared = {name: value for name, value in data.items() if name not in _SHARED}
    if data.get("state"):
        rule = "the state of torch is not converted"
        raise ConfigError(
            [Problem(("state",), rule, hint="leave it out: a run begins with new state", key=True)]
        )
    groups = data.get("param_groups")
    if groups is None:
        return _group(data, shared, ())
    if not isinstance(groups, list) or not groups:
        raise ConfigError([Problem(("param_groups",), "must be a list of groups", groups)])
    forms = [mapping(group, ("param_groups", place)) for place, group in enumerate(groups)]
    if len(groups) == 1:
        return _group(data, {**shared, **forms[0]}, ("param_groups", 0))
    return _groups(data, [{**shared, **form} for form in forms])


def _group(data: Arguments, arguments: Arguments, path: Path) -> Draft:
    """Convert one group of parameters."""
    draft, name = Draft(), str(data["optimizer"]).rpartition(".")[2]
    row = found(OPTIMIZERS, name, ("optimizer",), "torch.optim")
    scheduler = next((each for each in _SCHEDULERS if data.get(each) is not None), None)
    told = dict(arguments)
    if scheduler and "initial_lr" in told:
        told["lr"] = told["initial_lr"]
    # A momentum of 0 leaves nothing for Nesterov's.
    if not told.get("momentum", True):
        told.pop("nesterov", None)
    fill(draft, row, told, path)
    if scheduler:
        _scheduled(draft, data[scheduler], (scheduler,))
    return draft


def _scheduled(draft: Draft, form: object, path: Path) -> None:
    """Put a schedule in the place of the rate."""
    rate = draft.fields["learning_rate"]
    if not isinstance(rate, int | float):
        draft.refuse(path, "is a scheduler around a rate that changes by itself", form)
        return
    told = _schedule(draft, form, rate, path)
    draft.set("learning_rate", told, path)
    draft.note(_EACH_STEP, "learning_rate")
    if draft.fields.get("momentum"):
        draft.note(_OUTSIDE, "learning_rate")


def _schedule(draft: Draft, form: object, rate: float, path: Path) -> dict[str, object]:
    form = mapping(form, path)
    name = str(form.get("scheduler")).rpartition(".")[2]
    arguments = {key: value for key, value in form.items() if key != "scheduler"}
    if name in ("SequentialLR", "ChainedScheduler"):
        return _several(draft, name, arguments, rate, path)
    part = Draft({BASE: rate})
    fill(part, found(SCHEDULERS, name, (*path, "scheduler"), "torch.optim.lr_scheduler"), arguments, path)
    draft.left_out += part.left_out
    draft.adopt(part.notes, "learning_rate")
    return part.as_config()


def _several(draft: Draft, name: str, arguments: Arguments, rate: float, path: Path) -> dict[str, object]:
    """Convert schedulers one after the other, or all at once."""
    forms = arguments.get("schedulers")
    here: Path = (*path, "schedulers")
    if not isinstance(forms, list) or not forms:
        raise ConfigError([Problem(here, "must be a list of schedulers", forms)])
    if name == "SequentialLR":
        each = [_schedule(draft, form, rate, (*here, place)) for place, form in enumerate(forms)]
        return {"use": "join", "schedules": each, "boundaries": arguments.get("milestones")}
    schedules: list[dict[str, object]] = []
    for place, form in enumerate(forms):
        kind = mapping(form, (*here, place)).get("scheduler")
        if place and kind not in MULTIPLY:
            draft.refuse((*here, place), "is no factor that others can be multiplied by", kind)
        # The first has the rate, and all others only their factors.
        schedules.append(_schedule(draft, form, 1.0 if place else rate, (*here, place)))
    return {"use": "product", "schedules": schedules}


def _groups(data: Arguments, forms: list[dict[str, object]]) -> Draft:
    """Convert several groups, which are told apart by the names of their parameters."""
    draft, groups = Draft({"use": "partition"}), []
    for place, form in enumerate(forms):
        path: Path = ("param_groups", place)
        part = _group(data, form, path)
        names = form.get("param_names") or form.get("params")
        names = [names] if isinstance(names, str) else names
        if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
            hint = (
                "list `param_names`, as `state_dict` does where the optimizer was given `named_parameters()`"
            )
            part.refuse((*path, "params"), "says by numbers which variables are in the group", names, hint)
            return part
        draft.left_out += part.left_out
        draft.adopt(part.notes, "groups", place, "optimizer")
        only = [each.replace(".", "/") for each in names]
        groups.append({"name": f"group-{place}", "only": only, "optimizer": part.as_config()})
    draft.set("groups", groups, ("param_groups",))
    draft.note("`only` has the names of torch: write paths of your variables, or globs on them", "groups")
    return draft
