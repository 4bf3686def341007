"""The optimizers of `torch.optim`."""

from __future__ import annotations

from collections.abc import Mapping

from optiplug_convert.draft import Draft, Path
from optiplug_convert.numbers import short
from optiplug_convert.rules import (
    NUMBER,
    SQUARED,
    By,
    Ignored,
    Kept,
    Neutral,
    Noted,
    Processor,
    Row,
    Rule,
    To,
    Unsupported,
    typed,
)

__all__ = ["OPTIMIZERS"]


def _betas(value: object, path: Path, draft: Draft) -> None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        draft.refuse(path, "must be two numbers", value)
        return
    for place, beta in enumerate(value):
        draft.set(f"beta_{place + 1}", beta, (*path, place))


def _squared(value: object, path: Path, draft: Draft) -> None:
    typed(value, NUMBER, path)
    number = float(value)  # type: ignore[arg-type]
    draft.set("epsilon", short(number * number), path)
    draft.note(f"{SQUARED}, {number:g} there", "epsilon")


def _lr_decay(value: object, path: Path, draft: Draft) -> None:
    if value:
        rate = draft.fields["learning_rate"]
        falling = {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": value}
        draft.set("learning_rate", {"use": "inverse_time", **falling}, path)


def _two_epsilons(value: object, path: Path, draft: Draft) -> None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        draft.refuse(path, "must be two numbers", value)
        return
    draft.set("epsilon_2", value[1], (*path, 1))
    draft.note("torch has a bound from below in place of `epsilon_1`", "epsilon_2")


def _decoupled(draft: Draft) -> None:
    """Decay beside the gradient, where the optimizer is told so."""
    if not draft.fields.pop("decoupled_weight_decay", False):
        return
    for entry in [each for each in draft.processors if each["use"] == "l2"]:
        draft.processors.remove(entry)
        draft.fields["weight_decay"] = entry["strength"]


_WARMUP = "the momentum warms up with 0.96^({} t) in torch, and with 0.96^t here"
_INFINITY = "torch adds epsilon to the gradient in the maximum, and here it is added to the maximum"
_INSIDE = "torch adds epsilon before the bias correction of the root, and here after it"

_COMMON: Mapping[str, Rule] = {
    "params": Ignored("an optimizer is given its variables when it is built"),
    "param_names": Ignored("as `params`"),
    "lr": To("learning_rate"),
    "initial_lr": Ignored("it is the rate from which a scheduler has begun"),
    "weight_decay": Processor("l2", "strength"),
    "maximize": Neutral((False,), "minimize the negative"),
    **{
        name: Ignored("every step is one compiled program")
        for name in ("foreach", "fused", "capturable", "differentiable")
    },
}
_DECOUPLED: Mapping[str, Rule] = {**_COMMON, "weight_decay": To("weight_decay")}
_BETAS: Mapping[str, Rule] = {"betas": By(_betas, "`beta_1`, `beta_2`"), "eps": To("epsilon")}
_EITHER: Mapping[str, Rule] = {"decoupled_weight_decay": Kept("`weight_decay` in place of the processor")}
_SQUARED = {"eps": By(_squared, "`epsilon`, its square")}
_PAPER = {"epsilon_form": "paper"}

OPTIMIZERS: Mapping[str, Row | Unsupported] = {
    "SGD": Row(
        "sgd",
        {
            **_COMMON,
            "momentum": To("momentum"),
            "nesterov": To("nesterov"),
            "dampening": Neutral((0,), "here a gradient enters the momentum whole"),
        },
        {"lr": 1e-3},
    ),
    "Adam": Row(
        "adam",
        {**_COMMON, **_BETAS, **_EITHER, "amsgrad": To("amsgrad")},
        {"lr": 1e-3, "eps": 1e-8},
        _PAPER,
        after=_decoupled,
    ),
    "AdamW": Row(
        "adamw",
        {
            **_DECOUPLED,
            **_BETAS,
            "decoupled_weight_decay": Neutral((True,), "it is `Adam` then"),
            "amsgrad": To("amsgrad"),
        },
        {"lr": 1e-3, "eps": 1e-8, "weight_decay": 0.01},
        _PAPER,
    ),
    "SparseAdam": Row("lazyadam", {**_COMMON, **_BETAS}, {"lr": 1e-3, "eps": 1e-8}),
    "Adamax": Row("adamax", {**_COMMON, **_BETAS}, {"lr": 2e-3, "eps": 1e-8}, notes=(_INFINITY,)),
    "NAdam": Row(
        "nadam",
        {
            **_COMMON,
            **_BETAS,
            **_EITHER,
            "momentum_decay": Noted("beta_1", _WARMUP),
        },
        {"lr": 2e-3, "eps": 1e-8, "momentum_decay": 4e-3},
        after=_decoupled,
    ),
    "RAdam": Row(
        "radam",
        {**_COMMON, **_BETAS, **_EITHER},
        {"lr": 1e-3, "eps": 1e-8},
        notes=(_INSIDE,),
        after=_decoupled,
    ),
    "RMSprop": Row(
        "rmsprop",
        {
            **_COMMON,
            **_SQUARED,
            "alpha": To("rho"),
            "momentum": To("momentum"),
            "centered": To("centered"),
        },
        {"lr": 0.01, "alpha": 0.99, "eps": 1e-8},
    ),
    "Adagrad": Row(
        "adagrad",
        {
            **_COMMON,
            **_SQUARED,
            "lr_decay": By(_lr_decay, "schedule `inverse_time`"),
            "initial_accumulator_value": To("initial_accumulator_value"),
        },
        {"lr": 0.01, "initial_accumulator_value": 0.0, "eps": 1e-10},
    ),
    "Adadelta": Row(
        "adadelta",
        {**_COMMON, "rho": To("rho"), "eps": To("epsilon")},
        {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
    ),
    "Adafactor": Row(
        "adafactor",
        {
            **_DECOUPLED,
            "beta2_decay": To("beta_2_decay"),
            "eps": By(_two_epsilons, "`epsilon_2`, the second"),
            "d": To("clip_threshold"),
        },
        {"lr": 0.01, "eps": (None, 1e-3)},
        {"min_dim_size_to_factor": 1},
        notes=("torch factors the last two axes of a variable, and here they are the two longest",),
    ),
    "Muon": Row(
        "muon",
        {
            **_DECOUPLED,
            "momentum": To("momentum", "torch has no bias corrections, so the first steps differ"),
            "nesterov": To("nesterov"),
            "ns_coefficients": To("ns_coefficients"),
            "ns_steps": To("ns_steps"),
            "eps": To("epsilon"),
            "adjust_lr_fn": To("scale"),
        },
        {"lr": 1e-3, "weight_decay": 0.1, "momentum": 0.95, "eps": 1e-7},
    ),
    "ASGD": Unsupported("averaged SGD of this kind is not here: `sgd` with the processor `swa` is nearest"),
    "LBFGS": Unsupported("it evaluates the loss several times in a step"),
    "Rprop": Unsupported("steps of one size for each element, by signs of gradients, are not here"),
    "Optimizer": Unsupported("it is the base of the others"),
}
