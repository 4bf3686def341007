"""The optimizers of Keras 3 and of tf_keras, which is Keras 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optiplug_convert.draft import Draft, Path
from optiplug_convert.rules import LIST, NUMBER, TEXT, By, Kept, Neutral, Row, Rule, To, Unsupported, typed

from .keras_arguments import COMMON

__all__ = ["OPTIMIZERS", "TF_KERAS_DEFAULTS", "arguments"]


def arguments(*names: str) -> dict[str, Rule]:
    """Return rules for arguments that are called as they are here."""
    return {**COMMON, **{name: To(name) for name in names}}


def _relative(value: object, path: Path, draft: Draft) -> None:
    draft.set("relative_step", True, path)
    if not value:
        draft.note("in Keras false changes nothing, so the bound stays", "relative_step")


def _norms(draft: Draft) -> None:
    if "weight_decay" in draft.fields:
        draft.note("Keras takes norms after the decay, and here they are those before it", "weight_decay")


def _own_average(draft: Draft) -> None:
    if "weight_decay" in draft.fields:
        draft.note("Keras decays the variable alone, and here its average follows", "weight_decay")


def _muon(draft: Draft) -> None:
    """Move what is Adam's into the fallback, and name what is no matrix."""
    fields = draft.fields
    adam = {name: fields.pop(f"adam_{name}", None) for name in ("beta_1", "beta_2", "weight_decay")}
    given = {name: value for name, value in adam.items() if value is not None}
    rate = {"learning_rate": fields.get("learning_rate", 1e-3)}
    fields["fallback"] = {
        "use": "adamw",
        "weight_decay": 0.0,
        **rate,
        **given,
        "epsilon": fields.pop("epsilon"),
    }
    fields["ns_coefficients"] = [fields.pop(f"muon_{letter}") for letter in "abc"]
    patterns: Any = fields.pop("exclude_layers", [])
    for place, pattern in enumerate(patterns):
        typed(pattern, TEXT, (*draft.origins[("exclude_layers",)], place))
    embeddings = ["?re:(?i)embedding"] if fields.pop("exclude_embeddings", None) else []
    fields["skip"] = [*embeddings, *(f"?re:{each}" for each in patterns)]
    draft.note("Keras has no bias corrections, so the first steps with nesterov differ", "momentum")
    draft.note("Keras leaves variables of more than two axes to Adam, and here they are matrices", "skip")


_BETAS = ("beta_1", "beta_2", "epsilon")
_RATE = {"learning_rate": 1e-3}
_ADAM: Mapping[str, Rule] = {
    **arguments(*_BETAS, "amsgrad"),
    "adaptive_epsilon": To("epsilon_form", value=lambda value: "paper" if value else "keras"),
}
_ADAFACTOR: Mapping[str, Rule] = {
    **arguments("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold"),
    "relative_step": By(_relative, "`relative_step`: true, as false changes nothing in Keras"),
}
_FTRL = arguments(
    "learning_rate_power",
    "initial_accumulator_value",
    "l1_regularization_strength",
    "l2_regularization_strength",
    "l2_shrinkage_regularization_strength",
    "beta",
)
_MUON: Mapping[str, Rule] = {
    **arguments("momentum", "nesterov", "ns_steps"),
    **{f"muon_{letter}": Kept("`ns_coefficients`", NUMBER) for letter in "abc"},
    **{f"adam_{name}": Kept(f"`{name}` of `fallback`") for name in ("beta_1", "beta_2", "weight_decay")},
    "epsilon": Kept("`epsilon` of `fallback`", NUMBER),
    "exclude_layers": Kept("`skip`, as `re:`", LIST),
    "exclude_embeddings": Kept("`skip`: `?re:(?i)embedding`"),
    "adam_lr_ratio": Neutral((1,), "write the learning rate of `fallback`"),
    "rms_rate": Neutral((0.2,), "of the scales here, `match_rms_adamw` is 0.2"),
}
_MUON_DEFAULTS = {
    **_RATE,
    "weight_decay": 0.004,
    "adam_weight_decay": 0.004,
    "epsilon": 1e-7,
    "muon_a": 3.4445,
    "muon_b": -4.775,
    "muon_c": 2.0315,
    "exclude_embeddings": True,
}
_LAST_AXES = "Keras factors the last two axes of a variable, and here they are the two longest"

_ALIASED = "Keras on TensorFlow reads z after its step, so that the variable moves by less than in the paper"

OPTIMIZERS: Mapping[str, Row | Unsupported] = {
    "SGD": Row("sgd", arguments("momentum", "nesterov"), {"learning_rate": 0.01}),
    "Adam": Row("adam", _ADAM, _RATE),
    "AdamW": Row("adamw", _ADAM, {**_RATE, "weight_decay": 0.004}),
    "Adamax": Row("adamax", arguments(*_BETAS), _RATE),
    "Nadam": Row("nadam", arguments(*_BETAS), _RATE),
    "RMSprop": Row("rmsprop", arguments("rho", "momentum", "epsilon", "centered"), _RATE),
    "Adagrad": Row("adagrad", arguments("initial_accumulator_value", "epsilon"), _RATE),
    "Adadelta": Row("adadelta", arguments("rho", "epsilon"), _RATE),
    "Ftrl": Row("ftrl", _FTRL, _RATE),
    "Lion": Row("lion", arguments("beta_1", "beta_2"), _RATE),
    "Lamb": Row("lamb", arguments(*_BETAS), {**_RATE, "epsilon": 1e-7}, after=_norms),
    "Adafactor": Row(
        "adafactor", _ADAFACTOR, _RATE, {"min_dim_size_to_factor": 1}, notes=(_LAST_AXES,), after=_norms
    ),
    "ScheduleFreeAdamW": Row(
        "schedule_free_adamw",
        arguments(*_BETAS, "warmup_steps"),
        {"learning_rate": 0.0025},
        {"weight_lr_power": 0.0},
        notes=(_ALIASED,),
        after=_own_average,
    ),
    "Muon": Row("muon", _MUON, _MUON_DEFAULTS, {"scale": "match_rms_adamw"}, after=_muon),
    "Optimizer": Unsupported("it is the base of the others, without a formula of its own"),
    "OptimizerMap": Unsupported("it is a part of MultiOptimizer: convert that"),
}

TF_KERAS_DEFAULTS: Mapping[str, Mapping[str, object]] = {"Lion": {"learning_rate": 1e-4}}
"""Defaults that differ in tf_keras."""
