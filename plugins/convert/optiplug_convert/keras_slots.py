"""Where optimizers of Keras keep their state, and what it is called here: a line for each class."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["AVERAGE", "FACTORED", "LEGACY_SLOTS", "SHARED", "SLOTS", "UNSUPPORTED"]

_MOMENTS = {"momentums": "momentum", "velocities": "second_moment"}

SLOTS: Mapping[str, Mapping[str, str]] = {
    "SGD": {"momentums": "momentum"},
    "Adam": {**_MOMENTS, "velocity_hats": "second_moment_max"},
    "AdamW": {**_MOMENTS, "velocity_hats": "second_moment_max"},
    "Adamax": {"m": "momentum", "u": "infinity_norm"},
    "Nadam": _MOMENTS,
    "RMSprop": {**_MOMENTS, "average_gradients": "average_gradient"},
    "Adagrad": {"accumulators": "accumulator"},
    "Adadelta": {"accumulated_grads": "second_moment", "accumulated_delta_vars": "update_second_moment"},
    "Ftrl": {"accumulators": "accumulator", "linears": "linear"},
    "Lion": {"momentums": "momentum"},
    "Lamb": _MOMENTS,
    "Adafactor": {"r": "row_moment", "c": "column_moment", "v": "second_moment"},
}
"""By class and attribute, which Keras begins with an underscore in places, the name of a slot here."""

_ADAM = {"m": "momentum", "v": "second_moment"}

LEGACY_SLOTS: Mapping[str, Mapping[str, str]] = {
    "SGD": {"momentum": "momentum"},
    "Adam": {**_ADAM, "vhat": "second_moment_max"},
    "Adamax": {"m": "momentum", "v": "infinity_norm"},
    "RMSprop": {"rms": "second_moment", "momentum": "momentum", "mg": "average_gradient"},
    "Adagrad": {"accumulator": "accumulator"},
    "Adadelta": {"accum_grad": "second_moment", "accum_var": "update_second_moment"},
    "Ftrl": {"accumulator": "accumulator", "linear": "linear"},
}
"""The same of the legacy classes of tf_keras, by class and name of a slot."""

SHARED: Mapping[str, Mapping[str, str]] = {"Nadam": {"u_product": "momentum_product"}}
"""The same of state that all variables share."""

FACTORED = ("Adafactor",)
"""Classes that keep rows and columns, and what follows from them as well."""

AVERAGE = ("model_variables_moving_average", "ema/average")
"""The attribute of the averages of every class, and the slot."""

UNSUPPORTED: Mapping[str, str] = {
    "Muon": "its momentum has no bias correction, which is a part of the momentum here",
    "ScheduleFreeAdamW": "it does not keep the weights of its average",
    "MultiOptimizer": "convert each of its optimizers, and load their state by name",
}
"""Classes whose state is not enough for ours, with the reason."""
