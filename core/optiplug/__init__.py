"""optiplug: TensorFlow optimizers assembled from plugins and compiled into one step."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .config import (
    CommandConfig,
    OptimizerConfig,
    ProcessorConfig,
    ScheduleConfig,
    Section,
    Selection,
    TaskConfig,
)
from .errors import (
    AmbiguousPluginError,
    BlockedPluginError,
    BrokenPluginError,
    BuildError,
    ConfigError,
    GradientsError,
    HookError,
    IncompatiblePluginError,
    OptiplugError,
    PluginError,
    ReplicaContextError,
    StateError,
    UnknownPluginError,
)
from .fields import (
    ClosedUnitInterval,
    LearningRate,
    NonNegative,
    Number,
    Positive,
    Scalar,
    Selector,
    UnitInterval,
)
from .hooks import hookimpl
from .named import NamedConfig
from .register import register
from .registry import registry

if TYPE_CHECKING:
    from . import numerics as numerics
    from .checkpoints import read_state
    from .conversion import convert
    from .creation import create, from_config
    from .optimizer import Optimizer
    from .processor import Processor
    from .schedule import Schedule
    from .slots import Slot, State
    from .step import Step
    from .task import Task
    from .working import Working

__all__ = [
    "AmbiguousPluginError",
    "BlockedPluginError",
    "BrokenPluginError",
    "BuildError",
    "ClosedUnitInterval",
    "CommandConfig",
    "ConfigError",
    "GradientsError",
    "HookError",
    "IncompatiblePluginError",
    "LearningRate",
    "NamedConfig",
    "NonNegative",
    "Number",
    "Optimizer",
    "OptimizerConfig",
    "OptiplugError",
    "PluginError",
    "Positive",
    "Processor",
    "ProcessorConfig",
    "ReplicaContextError",
    "Scalar",
    "Schedule",
    "ScheduleConfig",
    "Section",
    "Selection",
    "Selector",
    "Slot",
    "State",
    "StateError",
    "Step",
    "Task",
    "TaskConfig",
    "UnitInterval",
    "UnknownPluginError",
    "Working",
    "convert",
    "create",
    "from_config",
    "hookimpl",
    "numerics",
    "read_state",
    "register",
    "registry",
]

# These import TensorFlow, which takes seconds: each is imported when it is first asked for.
_LAZY = {
    "Optimizer": "optimizer",
    "Processor": "processor",
    "Schedule": "schedule",
    "Slot": "slots",
    "State": "slots",
    "Step": "step",
    "Task": "task",
    "Working": "working",
    "convert": "conversion",
    "create": "creation",
    "from_config": "creation",
    "read_state": "checkpoints",
}


def __getattr__(name: str) -> Any:
    if name == "numerics":
        return importlib.import_module(".numerics", __name__)
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
