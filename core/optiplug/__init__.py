"""optiplug: TensorFlow optimizers assembled from plugins and compiled into one step."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from . import registry
from ._config.base import NamedConfig, ScheduleConfig
from ._config.goal import Goal
from ._config.hyperparameters import (
    BelowOneScalar,
    NonNegativeFloat,
    NonNegativeInt,
    NonNegativeScalar,
    Number,
    PathGlob,
    PathGlobs,
    PositiveFloat,
    PositiveInt,
    PositiveScalar,
    Scalar,
    UnitFloat,
    UnitScalar,
)
from ._config.kinds import CommandConfig, OptimizerConfig, ProcessorConfig, Selection, TaskConfig
from ._config.registration import register
from ._config.section import Section
from ._deprecation import renamed
from ._hookspecs import hookimpl
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
    WorkerError,
)

# Type checkers do not follow `__getattr__` below.
if TYPE_CHECKING:
    from . import numerics
    from ._compilation_cache.cache import cache
    from ._creation import create, from_config
    from ._distribution.arrival import wait_for_workers
    from ._distribution.worker_errors import worker_errors
    from ._keras_conversion import convert
    from ._optimizer.moments import Moments
    from ._optimizer.optimizer import Optimizer
    from ._processor import Processor
    from ._schedule import Schedule
    from ._state.checkpoint_reader import read_state
    from ._state.slot import Slot, State
    from ._step.step import Step
    from ._task import Task
    from ._types import DType, Gradient, Shape, Tensor, Variable
    from ._variables.capture import Working
    from ._variables.identity import Identity, match_variables

__all__ = [
    "AmbiguousPluginError",
    "BelowOneScalar",
    "BlockedPluginError",
    "BrokenPluginError",
    "BuildError",
    "CommandConfig",
    "ConfigError",
    "DType",
    "Goal",
    "Gradient",
    "GradientsError",
    "HookError",
    "Identity",
    "IncompatiblePluginError",
    "Moments",
    "NamedConfig",
    "NonNegativeFloat",
    "NonNegativeInt",
    "NonNegativeScalar",
    "Number",
    "Optimizer",
    "OptimizerConfig",
    "OptiplugError",
    "PathGlob",
    "PathGlobs",
    "PluginError",
    "PositiveFloat",
    "PositiveInt",
    "PositiveScalar",
    "Processor",
    "ProcessorConfig",
    "ReplicaContextError",
    "Scalar",
    "Schedule",
    "ScheduleConfig",
    "Section",
    "Selection",
    "Shape",
    "Slot",
    "State",
    "StateError",
    "Step",
    "Task",
    "TaskConfig",
    "Tensor",
    "UnitFloat",
    "UnitScalar",
    "UnknownPluginError",
    "Variable",
    "WorkerError",
    "Working",
    "cache",
    "convert",
    "create",
    "from_config",
    "hookimpl",
    "match_variables",
    "numerics",
    "read_state",
    "register",
    "registry",
    "wait_for_workers",
    "worker_errors",
]

# All but `cache` import TensorFlow, which takes seconds: each is imported when it is first used.
_LAZY = {
    "DType": "_types",
    "Gradient": "_types",
    "Identity": "_variables.identity",
    "Moments": "_optimizer.moments",
    "Optimizer": "_optimizer.optimizer",
    "Processor": "_processor",
    "Schedule": "_schedule",
    "Shape": "_types",
    "Slot": "_state.slot",
    "State": "_state.slot",
    "Step": "_step.step",
    "Task": "_task",
    "Tensor": "_types",
    "Variable": "_types",
    "Working": "_variables.capture",
    "cache": "_compilation_cache.cache",
    "convert": "_keras_conversion",
    "create": "_creation",
    "from_config": "_creation",
    "match_variables": "_variables.identity",
    "read_state": "_state.checkpoint_reader",
    "wait_for_workers": "_distribution.arrival",
    "worker_errors": "_distribution.worker_errors",
}


def _public(thing: object) -> Any:
    """Set `__module__` to the public one, which messages, pickles and documentation then show."""
    if getattr(thing, "__module__", "").startswith(f"{__name__}."):
        thing.__module__ = __name__
    return thing


def __getattr__(name: str) -> Any:
    # The submodule itself, in which there is no name to look up.
    if name == "numerics":
        return importlib.import_module(".numerics", __name__)
    if new := renamed(__name__, name):
        return globals()[new]
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if "OPTIPLUG_CACHE" in os.environ and name != "cache":
        importlib.import_module("._compilation_cache.cache", __name__).fill()
    return _public(getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name))


def __dir__() -> list[str]:
    # Names that are not imported yet are listed, too.
    return __all__


for _name in __all__:
    if _name not in _LAZY and _name not in {"numerics", "registry"}:
        _public(globals()[_name])

if "OPTIPLUG_CACHE" in os.environ:
    # Now, as most programs make variables before an optimizer: then TensorFlow has read its flags.
    importlib.import_module("._compilation_cache.cache", __name__).from_environment()
