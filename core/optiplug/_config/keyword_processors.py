"""The keyword arguments of every optimizer, as processors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from optiplug.errors import ConfigError

from .base import NamedConfig, resolve
from .kinds import OptimizerConfig

__all__ = ["keyword_processors", "with_keywords"]


def keyword_processors(config: OptimizerConfig) -> list[tuple[str, NamedConfig]]:
    """Return the processors that keywords stand for, each with its keyword, in the order of the stages.

    They are found by name: `clip_by_norm`, `clip_by_value`, `clip_by_global_norm`, `weight_decay` and
    `ema`. Those listed as `processors` come before them within a stage.

    Raises
    ------
    ConfigError
        At the keyword whose processor cannot be used.
    """
    # The core has no algorithms: each keyword is the name of a plugin and its fields (docs/architecture.md).
    wanted: list[tuple[str, dict[str, Any]]] = []
    if config.clipnorm is not None:
        wanted.append(("clipnorm", {"use": "clip_by_norm", "max_norm": config.clipnorm}))
    if config.clipvalue is not None:
        wanted.append(("clipvalue", {"use": "clip_by_value", "max_value": config.clipvalue}))
    if config.global_clipnorm is not None:
        wanted.append(("global_clipnorm", {"use": "clip_by_global_norm", "max_norm": config.global_clipnorm}))
    # 0 is left out: an idle processor would be listed.
    if config.weight_decay not in (None, 0) and not config.own_weight_decay:
        wanted.append(("weight_decay", {"use": "weight_decay", "rate": config.weight_decay}))
    if config.use_ema:
        average = {"momentum": config.ema_momentum, "overwrite_frequency": config.ema_overwrite_frequency}
        wanted.append(("use_ema", {"use": "ema", **average}))
    return [(keyword, _processor(keyword, fields)) for keyword, fields in wanted]


def with_keywords(found: Iterable[NamedConfig]) -> Iterator[NamedConfig]:
    """Yield configs, each optimizer's followed by those of the processors that its keywords stand for.

    >>> from optiplug_sgd.config import SGDConfig
    >>> [type(each).__name__ for each in with_keywords([SGDConfig(clipnorm=1.0)])]
    ['SGDConfig', 'ClipByNormConfig']
    """
    for config in found:
        yield config
        if isinstance(config, OptimizerConfig):
            yield from (processor for _, processor in keyword_processors(config))


def _processor(keyword: str, fields: Mapping[str, object]) -> NamedConfig:
    try:
        return resolve("processors", fields)
    except ConfigError as error:
        raise error.each(lambda problem: problem.within(keyword)) from error
