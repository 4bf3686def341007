"""The command `optiplug tune`: the best hyperparameters within ranges that a config names, by Optuna."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .optuna_objective import for_optuna
    from .space import Space, read_space
    from .trial import Trial, config_of
    from .tuning import Result, tune
    from .workloads import Workload, workload

__all__ = [
    "Result",
    "Space",
    "Trial",
    "Workload",
    "config_of",
    "for_optuna",
    "read_space",
    "tune",
    "workload",
]

# Optuna takes a second to import, which the command line has no need of. No module has a name of these.
_LAZY = {
    "Result": "tuning",
    "Space": "space",
    "Trial": "trial",
    "Workload": "workloads",
    "config_of": "trial",
    "for_optuna": "optuna_objective",
    "read_space": "space",
    "tune": "tuning",
    "workload": "workloads",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
