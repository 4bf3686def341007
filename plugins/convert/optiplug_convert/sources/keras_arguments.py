"""The arguments that all optimizers of Keras have, and what differs between its generations."""

from __future__ import annotations

from collections.abc import Mapping

from optiplug_convert.draft import Draft, Path
from optiplug_convert.rules import Arguments, By, Globs, Ignored, Processor, Rule, To

from .keras_schedules import schedule

__all__ = ["COMMON", "CURRENT", "LEGACY", "RATE", "adjusted", "compared", "generation"]

CURRENT, TF_KERAS, LEGACY = "Keras 3", "tf_keras", "legacy"
"""The generations of optimizers, each with its own arithmetic in places."""

_CLIPS = ("clipnorm", "global_clipnorm", "clipvalue")
_CLIP_PROCESSORS = {
    "clipvalue": ("clip_by_value", "max_value"),
    "clipnorm": ("clip_by_norm", "max_norm"),
    "global_clipnorm": ("clip_by_global_norm", "max_norm"),
}
_AVERAGE = ("ema_momentum", "ema_overwrite_frequency")
_PER_REPLICA = "Keras 3 clips on each replica, before the sum; here the sum is clipped, on any number of them"
_FIRST_AVERAGE = (
    "Keras 3 begins the average with the values after the first step, and here with those before it"
)
_ACCUMULATED = "schedules and averages of Keras 3 count calls, and here they count steps"


def rate(value: object, path: Path, draft: Draft) -> None:
    """Write a learning rate, a number or a schedule."""
    told = schedule(value, path, draft, "learning_rate") if isinstance(value, Mapping) else value
    if told is not None:
        draft.set("learning_rate", told, path)


def _accumulation(value: object, path: Path, draft: Draft) -> None:
    draft.add("accumulate", path, {"steps": value})
    draft.note(_ACCUMULATED, "processors", len(draft.processors) - 1)


RATE = By(rate, "`learning_rate`, a number or a schedule")

COMMON: Mapping[str, Rule] = {
    "name": Ignored("state has the names of variables and slots"),
    "learning_rate": RATE,
    "lr": RATE,
    "weight_decay": To("weight_decay"),
    "exclude_from_weight_decay": Globs("exclude_from_weight_decay"),
    "clipnorm": To("clipnorm"),
    "global_clipnorm": To("global_clipnorm"),
    "clipvalue": To("clipvalue"),
    "use_ema": To("use_ema"),
    "ema_momentum": To("ema_momentum"),
    "ema_overwrite_frequency": To("ema_overwrite_frequency"),
    "loss_scale_factor": Processor("loss_scale", "initial_scale", {"dynamic": False}, first=True),
    "gradient_accumulation_steps": By(_accumulation, f"processor `accumulate`: {_ACCUMULATED}"),
    "jit_compile": Ignored("every step is one compiled program"),
    "is_legacy_optimizer": Ignored("it says which class of tf_keras is meant"),
}


def generation(form: Arguments, config: Arguments) -> str:
    """Return which generation of optimizers a serialized one belongs to."""
    if config.get("is_legacy_optimizer") or "legacy" in str(form.get("module")) or "decay" in config:
        return LEGACY
    return TF_KERAS if {"is_legacy_optimizer", "jit_compile"} & config.keys() else CURRENT


def adjusted(config: Arguments, age: str) -> dict[str, object]:
    """Return the arguments without those that say nothing in their generation."""
    told = dict(config)
    if not told.get("use_ema"):
        told = {name: value for name, value in told.items() if name not in ("use_ema", *_AVERAGE)}
    clips = [name for name in _CLIPS if told.get(name) is not None]
    # A bound of 0 is none to Keras, and of several only the first acts; but in the legacy classes all do.
    acting = [name for name in clips if told[name]]
    for name in clips:
        if name not in acting or (age != LEGACY and name != acting[0]):
            del told[name]
    if not told.get("momentum"):
        told.pop("nesterov", None)
    if told.get("decay") == 0:
        del told["decay"]
    return told


def compared(draft: Draft, age: str) -> None:
    """Write what this generation does otherwise, beside the fields that are there."""
    clips = [name for name in _CLIPS if name in draft.fields]
    if len(clips) > 1:
        for name, (use, field) in _CLIP_PROCESSORS.items():
            if name in clips:
                draft.add(use, draft.origins.pop((name,)), {field: draft.fields.pop(name)})
    elif clips and age == CURRENT:
        draft.note(_PER_REPLICA, clips[0])
    if age == CURRENT and "use_ema" in draft.fields:
        draft.note(_FIRST_AVERAGE, "use_ema")
    if age == CURRENT and "exclude_from_weight_decay" in draft.fields:
        draft.note("Keras 3 searches the last part of a path only", "exclude_from_weight_decay")
