"""The optimizers of TensorFlow Addons that are around another one: here, processors of that one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from optiplug_convert.draft import Draft, Path
from optiplug_convert.numbers import short
from optiplug_convert.rules import Globs, Ignored, Row, Rule, To

from .addons import decayed_apart

__all__ = ["WRAPPERS", "Wrapper"]


@dataclass(frozen=True)
class Wrapper:
    """A class around another optimizer.

    `optimizer` is the argument that holds that one; with `passes_on` it names a class, whose arguments are
    all others. `combine` adds what the row has written to that optimizer, given where the wrapper is.
    """

    row: Row
    combine: Callable[[Draft, Draft, Path], None]
    optimizer: str = "optimizer"
    passes_on: bool = False


def _averaged(draft: Draft, extra: Draft, path: Path) -> None:
    """Average as the keyword does, or where that cannot, by a processor."""
    fields = dict(extra.fields)
    updates = fields.pop("num_updates", None)
    momentum = fields.get("momentum", 0.99)
    if isinstance(updates, int | float) and isinstance(momentum, int | float):
        momentum = min(momentum, short((1 + updates) / (10 + updates)))
    if fields.get("start_step") or fields.get("dynamic_decay"):
        extra.fields = {**fields, "momentum": momentum}
        draft.listed(extra, path)
        return
    draft.set("use_ema", True, path)
    draft.set("ema_momentum", momentum, path)
    for note in extra.notes.get((), []):
        draft.note(note, "use_ema")
    draft.left_out += extra.left_out


def _counted_from_one(value: object) -> object:
    return value + 1 if isinstance(value, int) else value


def _decayed(draft: Draft, extra: Draft, path: Path) -> None:
    for name in ("weight_decay", "exclude_from_weight_decay"):
        if name in extra.fields:
            draft.set(name, extra.fields[name], (*path, name))
    draft.left_out += extra.left_out
    decayed_apart(draft)


_NAME: Mapping[str, Rule] = {"name": Ignored("state has the names of variables and slots")}
_EVERY = "here averages move for every variable, and there for those that have a gradient"
_SEQUENTIAL: Mapping[str, Rule] = {**_NAME, "sequential_update": Ignored("averages come after the update")}

WRAPPERS: Mapping[str, Wrapper] = {
    "Lookahead": Wrapper(
        Row(
            "lookahead",
            {"sync_period": To("sync_period"), "slow_step_size": To("slow_step_size"), **_NAME},
            notes=("here all variables are synchronized, those without a gradient included",),
        ),
        Draft.listed,
    ),
    "MovingAverage": Wrapper(
        Row(
            "swap_weights",
            {
                "average_decay": To("momentum"),
                "num_updates": To("num_updates"),
                "start_step": To("start_step"),
                "dynamic_decay": To("dynamic_decay"),
                **_SEQUENTIAL,
            },
            {"average_decay": 0.99},
            notes=(_EVERY,),
        ),
        _averaged,
    ),
    "SWA": Wrapper(
        Row(
            "swa",
            {
                "start_averaging": To(
                    "start_averaging", "counted from 1 here, and from 0 there", _counted_from_one
                ),
                "average_period": To("average_period"),
                **_SEQUENTIAL,
            },
            {"start_averaging": 0, "average_period": 10},
            notes=(_EVERY,),
        ),
        Draft.listed,
    ),
    "extend_with_decoupled_weight_decay": Wrapper(
        Row(
            "sgd",
            {
                "weight_decay": To("weight_decay"),
                "exclude_from_weight_decay": Globs("exclude_from_weight_decay"),
                **_NAME,
            },
        ),
        _decayed,
        "base_optimizer",
        passes_on=True,
    ),
}
