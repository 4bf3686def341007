"""What an optimizer does to each variable of a task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from optiplug._config.base import NamedConfig, resolve
from optiplug._config.inside import configs
from optiplug._config.kinds import OptimizerConfig, TaskConfig
from optiplug.document import Document, located
from optiplug.errors import BrokenPluginError, ConfigError, OptiplugError

from .loading import is_inside
from .output import print_table

if TYPE_CHECKING:  # its module imports TensorFlow
    from optiplug._step.explanation import VariableExplanation

__all__ = ["outermost", "print_treatments", "task_of", "treatments", "treatments_as_json", "variables_of"]

_FORMULA = "update_step"
_COLUMNS = ("variable", "shape", "dtype", "optimizer", "processors")


def task_of(config: NamedConfig, name: str | None) -> TaskConfig | None:
    """Return the task of this name, else the one in a config, if any."""
    if name is None:
        return next((each for _, each in configs(config) if isinstance(each, TaskConfig)), None)
    try:
        task = resolve("tasks", name)
    except ConfigError as error:
        raise error.each(lambda problem: problem.within("--task")) from None
    return task if isinstance(task, TaskConfig) else None


def outermost(config: NamedConfig) -> list[OptimizerConfig]:
    """Return the optimizers in a config that are in no other."""
    found = [(path, each) for path, each in configs(config) if isinstance(each, OptimizerConfig)]
    return [each for path, each in found if not any(is_inside(path, other) for other, _ in found)]


def variables_of(config: TaskConfig) -> Sequence[Any]:
    """Return the variables of a task, which is built.

    Raises
    ------
    BrokenPluginError
        If it cannot be built.
    """
    try:
        task = config.create()
        task.build(0)
        variables: Sequence[Any] = list(task.variables)
    except OptiplugError:
        raise
    except Exception as error:  # a task may do anything
        rule = f"the task cannot be built: {type(error).__name__}: {error}"
        raise BrokenPluginError(rule, where=config.dump()["use"]) from error
    return variables


def treatments(
    config: NamedConfig, variables: Sequence[Any], document: Document
) -> list[VariableExplanation]:
    """Return what the outermost optimizers in a config do to each of some variables.

    Raises
    ------
    ConfigError
        If a pattern does not fit the variables.
    """
    try:
        return [told for each in outermost(config) for told in each.create().explain(variables).variables]
    except ConfigError as error:
        raise located(error, document) from None


def treatments_as_json(found: Sequence[VariableExplanation]) -> list[dict[str, Any]]:
    """Return everything as JSON values."""
    return [
        {
            "path": each.path,
            "shape": list(each.shape),
            "dtype": each.dtype,
            "optimizer": _optimizer(each),
            "parts": [
                {"stage": part.stage, "name": part.name, "origin": part.origin, "applies": part.applies}
                for part in each.parts
            ],
        }
        for each in found
    ]


def print_treatments(title: str, found: Sequence[VariableExplanation]) -> None:
    """Print which optimizer updates each variable, and which processors apply to it."""
    rows = [
        (
            each.path,
            "x".join(map(str, each.shape)) or "scalar",
            each.dtype,
            _optimizer(each),
            ", ".join(_processors(each)) or "-",
        )
        for each in found
    ]
    print_table(title, _COLUMNS, rows)


def _optimizer(variable: VariableExplanation) -> str:
    return next(part.name for part in variable.parts if part.stage == _FORMULA)


def _processors(variable: VariableExplanation) -> Iterable[str]:
    """Return the names of those that apply; those of its own optimizer as they are called there."""
    within = f"{_optimizer(variable)}/"
    applied = (part.name for part in variable.parts if part.applies and part.stage != _FORMULA)
    return dict.fromkeys(name.removeprefix(within) for name in applied)
