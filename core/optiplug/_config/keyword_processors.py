"""The keyword arguments that every optimizer accepts, as entries of its chain of processors."""

from __future__ import annotations

from typing import Any

from optiplug.errors import ConfigError

from .base import resolve
from .kinds import OptimizerConfig

__all__ = ["entries", "from_keywords"]


def entries(config: OptimizerConfig) -> tuple[Any, ...]:
    """Return `config.processors`, then what its other arguments stand for, in the order of the stages.

    The processors are found by name: `clip_by_norm`, `clip_by_value`, `clip_by_global_norm`,
    `weight_decay` and `ema`. Order matters within a stage only: there, those listed come first.

    Raises
    ------
    ConfigError
        If the processor that a keyword stands for cannot be used.
    """
    return (*config.processors, *(processor for _, processor in from_keywords(config)))


def from_keywords(config: OptimizerConfig) -> list[tuple[str, Any]]:
    """Return the processors that keywords stand for, each with its keyword, in the order of the stages.

    Raises
    ------
    ConfigError
        At the keyword whose processor cannot be used.
    """
    asked: list[tuple[str, dict[str, Any]]] = []
    if config.clipnorm is not None:
        asked.append(("clipnorm", {"use": "clip_by_norm", "max_norm": config.clipnorm}))
    if config.clipvalue is not None:
        asked.append(("clipvalue", {"use": "clip_by_value", "max_value": config.clipvalue}))
    if config.global_clipnorm is not None:
        asked.append(("global_clipnorm", {"use": "clip_by_global_norm", "max_norm": config.global_clipnorm}))
    if config.weight_decay not in (None, 0) and not config.own_weight_decay:
        decay = {"rate": config.weight_decay, "skip": config.exclude_from_weight_decay}
        asked.append(("weight_decay", {"use": "weight_decay", **decay}))
    if config.use_ema:
        average = {"momentum": config.ema_momentum, "overwrite_frequency": config.ema_overwrite_frequency}
        asked.append(("use_ema", {"use": "ema", **average}))
    return [(keyword, _processor(keyword, fields)) for keyword, fields in asked]


def _processor(keyword: str, fields: dict[str, Any]) -> Any:
    try:
        return resolve("processors", fields)
    except ConfigError as error:
        raise ConfigError([problem.within(keyword) for problem in error.problems]) from error
