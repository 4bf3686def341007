"""The optimizers of TensorFlow Addons 0.23, the last version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from optiplug_convert.draft import Draft, Path
from optiplug_convert.numbers import short
from optiplug_convert.rules import NUMBER, By, Globs, Ignored, Kept, Neutral, Row, Rule, To, Unsupported

from .keras import arguments
from .keras_legacy import LEGACY_OPTIMIZERS

__all__ = ["ADDONS", "decayed_apart"]

_LEGACY = LEGACY_OPTIMIZERS["SGD"]
_DECAY = {"decay": _LEGACY.arguments["decay"]} if isinstance(_LEGACY, Row) else {}
_RATE = {"learning_rate": 1e-3}
_BETAS = ("beta_1", "beta_2", "epsilon")
_LOCKS = {"use_locking": Ignored("steps of one variable follow each other")}
_WARMUP = ("total_steps", "warmup_proportion", "min_lr")


def decayed_apart(draft: Draft) -> None:
    """Divide a decay that was not multiplied by the learning rate by it."""
    decay, rate = draft.fields.get("weight_decay"), draft.fields.get("learning_rate")
    if not decay:
        return
    if isinstance(decay, int | float) and isinstance(rate, int | float) and rate:
        draft.fields["weight_decay"] = short(decay / rate)
        draft.note(
            f"{decay:g} there, which is not multiplied by the learning rate as it is here", "weight_decay"
        )
        return
    del draft.fields["weight_decay"]
    hint = "here a decay follows the rate, so it cannot stay while a schedule changes that: write a hook"
    draft.refuse(draft.origins[("weight_decay",)], "is a decay apart from a learning rate", decay, hint)


def _warmed_up(draft: Draft) -> None:
    """Make a schedule of the warmup that RectifiedAdam and AdaBelief have built in."""
    total, share, least = (draft.fields.pop(name, None) for name in _WARMUP)
    if not total:
        return
    rate, place = draft.fields.get("learning_rate"), draft.origins[("total_steps",)]
    numbers = all(isinstance(each, int | float) for each in (total, share, least, rate))
    if not numbers:
        draft.refuse(place, "is a warmup around a schedule", total, "write one schedule of both")
        return
    total, peak = int(total), float(rate)  # type: ignore[call-overload, arg-type]
    steps = max(round(total * float(share)), 1)  # type: ignore[arg-type]
    schedule: dict[str, object] = {
        "use": "linear",
        "initial_learning_rate": peak,
        "end_learning_rate": least,
        "transition_steps": max(total - steps, 1),
    }
    if steps > 1:
        # The warmup there counts from 1: its first rate is not 0.
        first = short(peak / steps)
        schedule = {
            "use": "warmup",
            "warmup_steps": steps - 1,
            "initial_learning_rate": first,
            "schedule": schedule,
        }
    draft.set("learning_rate", schedule, place)


def _complement(value: object, path: Path, draft: Draft) -> None:
    """Write the share of a step that is taken, for the share of the variable that stays."""
    if isinstance(value, int | float):
        draft.set("learning_rate", short(1 - value), path)
        draft.note(f"{value:g} there, which is what stays of the variable", "learning_rate")
    else:
        draft.refuse(path, "is a schedule of what stays of the variable", value, "write one of what does not")


def _norm(value: object, path: Path, draft: Draft) -> None:
    draft.set("norm", {"fro": "frobenius"}.get(str(value), value), path)


def _both_epsilons(value: object, path: Path, draft: Draft) -> None:
    draft.set("epsilon", value, path)
    draft.set("epsilon_root", value, path)


def _lamb(draft: Draft) -> None:
    """Let the second list follow the first, and leave out the first where nothing decays."""
    fields = draft.fields
    if "exclude_from_adaptation" not in fields and "exclude_from_decay" in fields:
        fields["exclude_from_adaptation"] = fields["exclude_from_decay"]
        draft.note("Addons takes the other list where this one is not given", "exclude_from_adaptation")
    if not fields.get("weight_decay_rate"):
        fields.pop("exclude_from_decay", None)
        draft.notes.pop(("exclude_from_decay",), None)


def _novograd(draft: Draft) -> None:
    if isinstance(draft.fields.get("learning_rate"), Mapping):
        text = "Addons multiplies what enters the momentum by the rate, and here it is what is taken from it"
        draft.note(text, "learning_rate")


def _without(rules: Mapping[str, Rule], *names: str) -> dict[str, Rule]:
    return {name: rule for name, rule in rules.items() if name not in names}


def _decoupled(name: str, rate: float) -> Row:
    row = LEGACY_OPTIMIZERS[name]
    if not isinstance(row, Row):
        raise TypeError(name)
    return replace(row, defaults={**row.defaults, "learning_rate": rate}, after=decayed_apart)


_WARM: Mapping[str, Rule] = {
    **_DECAY,
    **{name: Kept("schedule `warmup`", NUMBER) for name in _WARMUP},
    "sma_threshold": To("sma_threshold"),
}
_WARM_DEFAULTS = {**_RATE, "total_steps": 0, "warmup_proportion": 0.1, "min_lr": 0.0}
_REGULARIZED = Neutral((0,), "add `weight_decay`, or the processor `l2`")

ADDONS: Mapping[str, Row | Unsupported] = {
    "AdamW": _decoupled("Adam", 1e-3),
    "SGDW": _decoupled("SGD", 1e-3),
    "AdaBelief": Row(
        "adabelief",
        {
            **arguments("beta_1", "beta_2", "amsgrad", "rectify"),
            **_WARM,
            "epsilon": By(_both_epsilons, "`epsilon` and `epsilon_root`"),
        },
        {**_WARM_DEFAULTS, "epsilon": 1e-14, "rectify": True},
        after=_warmed_up,
    ),
    "COCOB": Row("cocob", {**_without(arguments("alpha"), "learning_rate", "lr"), **_LOCKS}),
    "ConditionalGradient": Row(
        "conditional_gradient",
        {
            **arguments(),
            **_LOCKS,
            "learning_rate": By(_complement, "`learning_rate`: 1 minus it"),
            "lambda_": To("radius"),
            "epsilon": Ignored("a gradient of zero moves nothing"),
            "ord": By(_norm, "`norm`"),
        },
        {"lambda_": 0.01},
    ),
    "LAMB": Row(
        "lamb",
        {
            **arguments(*_BETAS),
            **_DECAY,
            "weight_decay": To("weight_decay_rate"),
            "weight_decay_rate": To("weight_decay_rate"),
            "exclude_from_weight_decay": Globs("exclude_from_decay"),
            "exclude_from_layer_adaptation": Globs("exclude_from_adaptation"),
        },
        _RATE,
        after=_lamb,
    ),
    "LazyAdam": Row(
        "lazyadam",
        {**arguments(*_BETAS), **_DECAY, "amsgrad": Neutral((False,), "use `adam` with `sparse: lazy`")},
        _RATE,
    ),
    "NovoGrad": Row(
        "novograd",
        {
            **arguments(*_BETAS, "grad_averaging", "amsgrad"),
            **_DECAY,
            "weight_decay": To("weight_decay_rate"),
        },
        {**_RATE, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
        after=_novograd,
    ),
    "ProximalAdagrad": Row(
        "proximal_adagrad",
        {
            **arguments(
                "initial_accumulator_value", "l1_regularization_strength", "l2_regularization_strength"
            ),
            **_DECAY,
        },
        _RATE,
    ),
    "RectifiedAdam": Row(
        "radam", {**arguments(*_BETAS, "amsgrad"), **_WARM}, _WARM_DEFAULTS, after=_warmed_up
    ),
    "Yogi": Row(
        "yogi",
        {
            **arguments("epsilon", "initial_accumulator_value"),
            **_DECAY,
            **{name: To(f"beta_{name[-1]}") for name in ("beta1", "beta2", "beta_1", "beta_2")},
            "l1_regularization_strength": _REGULARIZED,
            "l2_regularization_strength": _REGULARIZED,
            "activation": Neutral(("sign",), "the sign is that of the paper"),
        },
        {"learning_rate": 0.01},
        notes=("Addons adds epsilon before the bias correction, so its first steps are shorter",),
    ),
    "AveragedOptimizerWrapper": Unsupported("it is a base: write a processor with a hook for `post_step`"),
    "DecoupledWeightDecayExtension": Unsupported("it is a base: name the class that was extended with it"),
    "KerasLegacyOptimizer": Unsupported("it is the base of all others"),
    "MultiOptimizer": Unsupported("it holds layers: write `use: partition`, with globs on their paths"),
}
"""The classes that are optimizers by themselves. Those around another one are in `addons_wrappers`."""
