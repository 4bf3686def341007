"""Optimizers of Keras, TensorFlow Addons, Model Garden, torch and optax as configs of optiplug."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .conversion import Conversion, convert
from .writing import as_yaml

if TYPE_CHECKING:
    from .state import Moved, convert_state

__all__ = ["Conversion", "Moved", "as_yaml", "convert", "convert_state"]


def __getattr__(name: str) -> object:
    """Import what needs TensorFlow where it is asked for: configs are converted without it."""
    if name not in ("Moved", "convert_state"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import state

    return getattr(state, name)
