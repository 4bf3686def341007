"""Learning rate schedules of Keras, translated to configs of optiplug."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["translated"]

# The hyperparameters have the same names.
_NAMES = {
    "CosineDecay": "cosine",
    "CosineDecayRestarts": "cosine_restarts",
    "ExponentialDecay": "exponential",
    "InverseTimeDecay": "inverse_time",
    "PiecewiseConstantDecay": "piecewise_constant",
    "PolynomialDecay": "polynomial",
}


def translated(value: Any) -> object:
    """Return a schedule of Keras, an object or what Keras makes of it in a config, as a mapping with `use`.

    Anything else, a subclass included, is returned as it is.

    Examples
    --------
    >>> translated({"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [1], "values": [1, 0]}})
    {'use': 'piecewise_constant', 'boundaries': [1], 'values': [1, 0]}
    """
    cls = type(value)
    # By name, as neither Keras need be installed. The type itself: a subclass may compute something else.
    if cls.__name__ in _NAMES and cls.__module__.partition(".")[0] in ("keras", "tf_keras"):
        value = {"class_name": cls.__name__, "config": value.get_config()}
    match value:
        case {"class_name": str(name), "config": Mapping() as config} if name in _NAMES:
            return {"use": _NAMES[name], **{key: field for key, field in config.items() if key != "name"}}
    return value
