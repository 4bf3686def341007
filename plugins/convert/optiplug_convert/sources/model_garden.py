"""The optimizers of the TensorFlow Model Garden, by the `type` of an `optimizer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from optiplug_convert.draft import Draft
from optiplug_convert.rules import (
    LIST,
    NUMBER,
    TEXT,
    Globs,
    Ignored,
    Kept,
    Neutral,
    Row,
    Rule,
    To,
    Unsupported,
    typed,
)

from .addons import ADDONS
from .keras import OPTIMIZERS
from .keras_legacy import LEGACY_OPTIMIZERS

__all__ = ["AVERAGE", "GARDEN"]


def _bert(draft: Draft) -> None:
    """Join both lists of names, and leave the last clip: the garden clips once more, with this norm."""
    fields = draft.fields
    spared, decayed = fields.get("exclude_from_weight_decay"), fields.pop("include_in_weight_decay", None)
    if isinstance(spared, list) and isinstance(decayed, list) and decayed:
        for place, pattern in enumerate(decayed):
            typed(pattern, TEXT, (*draft.origins[("include_in_weight_decay",)], place))
        kept = "|".join(decayed)
        fields["exclude_from_weight_decay"] = [
            f"?re:^(?!.*(?:{kept})).*(?:{each.removeprefix('?re:')})" for each in spared
        ]
    clip = fields.pop("gradient_clip_norm", None)
    if not clip:
        return
    others = [name for name in ("clipvalue", "clipnorm", "global_clipnorm") if name in fields]
    if not others:
        draft.set("global_clipnorm", clip, draft.origins.get(("gradient_clip_norm",), ()))
        return
    # The garden clips by its own norm before what Keras clips by.
    draft.add("clip_by_global_norm", draft.origins[("gradient_clip_norm",)], {"max_norm": clip}, first=True)


def _lars(draft: Draft) -> None:
    fields = draft.fields
    if "exclude_from_adaptation" not in fields and "exclude_from_decay" in fields:
        fields["exclude_from_adaptation"] = fields["exclude_from_decay"]
    if fields.get("weight_decay_rate"):
        text = "the ratio is to the norm of gradient and decay there, and to the sum of both norms here"
        draft.note(text, "weight_decay_rate")
    else:
        fields.pop("exclude_from_decay", None)
        draft.notes.pop(("exclude_from_decay",), None)


def _shared(table: Mapping[str, Row | Unsupported], name: str, **more: Rule) -> Row:
    row = table[name]
    if not isinstance(row, Row):
        raise TypeError(name)
    return replace(row, arguments={**row.arguments, **more})


_ADAM = _shared(LEGACY_OPTIMIZERS, "Adam")

GARDEN: Mapping[str, Row | Unsupported] = {
    "sgd": _shared(LEGACY_OPTIMIZERS, "SGD"),
    "sgd_experimental": _shared(OPTIMIZERS, "SGD"),
    "adam": _ADAM,
    "adam_experimental": _shared(OPTIMIZERS, "Adam"),
    "adamw": Row(
        "adamw",
        {
            **_ADAM.arguments,
            "weight_decay_rate": To("weight_decay"),
            "include_in_weight_decay": Kept("is taken out of the patterns of what is excluded", LIST),
            "exclude_from_weight_decay": Globs("exclude_from_weight_decay"),
            "gradient_clip_norm": Kept("`global_clipnorm`", NUMBER),
        },
        {"weight_decay_rate": 0.0, "gradient_clip_norm": 1.0},
        after=_bert,
    ),
    "adamw_experimental": replace(
        _shared(OPTIMIZERS, "AdamW"), defaults={"weight_decay": 0.0, "global_clipnorm": 1.0}
    ),
    "lamb": _shared(ADDONS, "LAMB"),
    "rmsprop": _shared(LEGACY_OPTIMIZERS, "RMSprop"),
    "lars": Row(
        "lars",
        {
            **_shared(LEGACY_OPTIMIZERS, "SGD").arguments,
            "eeta": To("trust_coefficient"),
            "weight_decay_rate": To("weight_decay_rate"),
            "classic_momentum": Neutral((True,), "the rate is inside of the momentum"),
            "exclude_from_weight_decay": Globs("exclude_from_decay"),
            "exclude_from_layer_adaptation": Globs("exclude_from_adaptation"),
        },
        {"momentum": 0.9},
        {"min_ndim": 0},
        after=_lars,
    ),
    "adagrad": _shared(LEGACY_OPTIMIZERS, "Adagrad"),
    "slide": Unsupported("its formula has not been published"),
    "adafactor": Unsupported("its formula has not been published; `use: adafactor` is that of the paper"),
}

_STATISTICS = Neutral((True,), "statistics of layers are no variables of an optimizer")

AVERAGE = Row(
    "swap_weights",
    {
        "name": Ignored("state has the names of variables and slots"),
        "average_decay": To("momentum"),
        "start_step": To("start_step"),
        "dynamic_decay": To("dynamic_decay"),
        "trainable_weights_only": _STATISTICS,
        **{
            name: Neutral((None,), "write it in the optimizer")
            for name in ("clipnorm", "clipvalue", "global_clipnorm")
        },
    },
    {"average_decay": 0.99, "dynamic_decay": True},
)
"""The row of `ema`."""
