"""Descent with momentum and a processor down the valley of `optiplug plot path`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from optiplug import OptimizerConfig, create
from optiplug._hookspecs import hook_names
from optiplug_compare.descents import Descent

__all__ = ["averaged", "descent"]


def descent(processors: Iterable[Any] = ()) -> Any:
    """Return the path of descent with momentum and these processors."""
    return Descent(_momentum(processors)).path()


def averaged(processors: Iterable[Any]) -> Any:
    """Return the path of the averages that such a descent leaves after each step; None if it keeps none."""
    config = _momentum(processors)
    return Descent(config).averages() if "finalize" in hook_names(config.create().processors[0]) else None


def _momentum(processors: Iterable[Any]) -> OptimizerConfig:
    return create("sgd", learning_rate=0.02, momentum=0.8, processors=list(processors)).config
