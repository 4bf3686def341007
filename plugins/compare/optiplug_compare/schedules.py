"""The schedules in a config, and their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from optiplug import (
    CommandConfig,
    ConfigError,
    NamedConfig,
    OptimizerConfig,
    PluginError,
    ScheduleConfig,
    Section,
    UnknownPluginError,
    registry,
)
from optiplug.document import read
from optiplug.errors import Problem

__all__ = ["config_of_file", "last_step", "schedules_in", "values_of"]

_LAST = 120  # where hyperparameters do not tell how long a schedule is
_MOST = 400  # values that are asked for


class _Optimizer(CommandConfig):
    """A document about an optimizer, as a command has it that may use some plugins only."""

    part: OptimizerConfig


class _Schedule(CommandConfig):
    """The same about a schedule."""

    part: ScheduleConfig


def config_of_file(path: Path) -> NamedConfig:
    """Return the config in a file: of an optimizer, of a schedule, or of a command such as a run.

    Raises
    ------
    ConfigError
        With file, line and column of every problem.
    """
    document = read(path)
    try:
        return _command(document.data) if "command" in document.data else _part(document.data)
    except ConfigError as error:
        raise document.locate(error) from None


def schedules_in(config: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ScheduleConfig]]:
    """Yield the schedules in a config by the path of their field, those inside of another schedule left out.

    >>> from optiplug import registry
    >>> config = registry.get("optimizers", "sgd")(learning_rate={"use": "constant", "value": 0.1})
    >>> [path for path, _ in schedules_in(config)]
    ['learning_rate']
    """
    if isinstance(config, ScheduleConfig):
        yield ".".join(path), config
    elif isinstance(config, NamedConfig | Section):
        for name, value in config:
            yield from schedules_in(value, (*path, name))
    elif isinstance(config, Mapping):
        for name, value in config.items():
            yield from schedules_in(value, (*path, str(name)))
    elif isinstance(config, tuple | list):
        for number, value in enumerate(config):
            yield from schedules_in(value, (*path, str(number)))


def last_step(config: Any) -> int:
    """Return a step at which what a schedule does is over, by its hyperparameters.

    >>> from optiplug import registry
    >>> last_step(registry.get("schedules", "linear")(initial_learning_rate=0.1, transition_steps=80))
    100
    """
    return int(1.25 * max(_numbers_of_steps(config), default=_LAST)) or _LAST


def values_of(config: ScheduleConfig, steps: int) -> tuple[list[int], list[float]]:
    """Return steps from 0 to the last, at most some hundred of them, and the values there."""
    import numpy as np

    at = [int(each) for each in np.unique(np.linspace(0, steps - 1, min(steps, _MOST)).astype(int))]
    schedule = config.create()
    return at, [float(schedule(step)) for step in at]


def _command(data: Mapping[str, Any]) -> NamedConfig:
    name = data["command"]
    try:
        config = registry.get("commands", name)
    except (ConfigError, UnknownPluginError) as error:
        raise ConfigError([Problem(("command",), error.rule, name, error.hint, plugin=True)]) from None
    found: NamedConfig = config(**{key: value for key, value in data.items() if key != "command"})
    return found


def _part(data: Mapping[str, Any]) -> NamedConfig:
    """Return the config of an optimizer or a schedule; a name of neither is missing among optimizers."""
    holder = _Schedule if _offers("schedules", data) and not _offers("optimizers", data) else _Optimizer
    part = {key: value for key, value in data.items() if key != "plugins"}
    fields: dict[str, Any] = {"part": part, "plugins": data.get("plugins")}
    try:
        return holder(**fields).part
    except ConfigError as error:
        raise error.each(lambda problem: replace(problem, path=_within(problem.path))) from None


def _within(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return path[1:] if path[:1] == ("part",) else path


def _offers(kind: str, data: Mapping[str, Any]) -> bool:
    try:
        registry.find(kind, data.get("use"))
    except (ConfigError, UnknownPluginError):
        return False
    except PluginError:  # there is one, which cannot be used
        return True
    return True


def _numbers_of_steps(config: Any) -> Iterator[int]:
    for name, value in config:
        if isinstance(value, NamedConfig):
            yield from _numbers_of_steps(value)
        elif isinstance(value, tuple):
            yield from (each for each in value if type(each) is int)
            for each in value:
                if isinstance(each, NamedConfig):
                    yield from _numbers_of_steps(each)
        elif type(value) is int or (name.endswith("_steps") and isinstance(value, float)):
            yield int(value)
