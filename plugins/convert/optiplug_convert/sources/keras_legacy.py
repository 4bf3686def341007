"""The legacy optimizers of tf_keras, which were those of Keras up to 2.10."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from optiplug_convert.draft import Draft, Path
from optiplug_convert.numbers import short
from optiplug_convert.rules import SQUARED, By, Noted, Row, Rule, Unsupported

from .keras import OPTIMIZERS

__all__ = ["LEGACY_OPTIMIZERS"]


def _decayed(value: object, path: Path, draft: Draft) -> None:
    """Let the rate fall with the number of steps."""
    start = draft.fields.get("learning_rate")
    if start is None:
        return
    number = not isinstance(start, Mapping)
    initial = start if number else 1.0
    falling = {"use": "inverse_time", "initial_learning_rate": initial, "decay_steps": 1, "decay_rate": value}
    draft.set("learning_rate", falling if number else {"use": "product", "schedules": [start, falling]}, path)


def _outside(draft: Draft) -> None:
    """Write the square of an epsilon that is added to the root there, and below it here."""
    # With momentum, the kernel of the legacy RMSprop has it below the root, too.
    if draft.fields["use"] == "rmsprop" and draft.fields.get("momentum"):
        return
    epsilon = draft.fields.get("epsilon")
    if isinstance(epsilon, float):
        draft.fields["epsilon"] = short(epsilon**2)
        draft.note(f"{SQUARED}, {epsilon:g} there", "epsilon")


def _legacy(name: str, **more: Rule) -> Row:
    row = OPTIMIZERS[name]
    if not isinstance(row, Row):
        raise TypeError(name)
    return replace(row, arguments={**row.arguments, "decay": _DECAY, **more})


def _outside_of_root(name: str) -> Row:
    row = _legacy(name)
    return replace(row, defaults={**row.defaults, "epsilon": 1e-7}, after=_outside)


def _nadam() -> Row:
    row = _legacy("Nadam", decay=Noted("beta_1", _IN_MOMENTUM))
    return replace(row, defaults={**row.defaults, "decay": 0.004})


_IN_MOMENTUM = "the momentum warms up with 0.96^({} t) in the legacy class, and with 0.96^t here"
_DECAY = By(_decayed, "schedule `inverse_time`")

LEGACY_OPTIMIZERS: Mapping[str, Row | Unsupported] = {
    **{name: _legacy(name) for name in ("SGD", "Adam", "Adamax", "Adadelta", "Ftrl")},
    "Nadam": _nadam(),
    "RMSprop": _outside_of_root("RMSprop"),
    "Adagrad": _outside_of_root("Adagrad"),
    "Optimizer": OPTIMIZERS["Optimizer"],
}
