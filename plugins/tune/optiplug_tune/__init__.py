"""The command `optiplug tune`: the best hyperparameters within ranges that a config names, by Optuna."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tuning import Result, tune
    from .workload import Workload, workload

__all__ = ["Result", "Workload", "tune", "workload"]

# Optuna takes a second to import, which the command line has no need of.
_LAZY = {"Result": "tuning", "Workload": "workload", "tune": "tuning", "workload": "workload"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
