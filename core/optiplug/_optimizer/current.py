"""An optimizer as it is now: its learning rate, that of all inside of it, and its config."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from optiplug._config.base import config_of
from optiplug._config.current import updated
from optiplug._config.keras_schedules import how_to_save, saved
from optiplug._config.plain_numbers import Followed
from optiplug._state.slot import State
from optiplug._types import Tensor, Variable
from optiplug.errors import ConfigError

from .learning_rate import LearningRate
from .parts import OptimizerParts

__all__ = ["RateOfAll", "current_config", "plain_value", "rate_now", "set_rate", "shared_rate"]


def shared_rate(parts: OptimizerParts) -> LearningRate | None:
    """Return the learning rate of an optimizer, or the one that all inside of it have now, if any."""
    if parts.learning_rate.given is not None:
        return parts.learning_rate
    rates = _rates(parts)
    numbers = {None if each.number is None else each.current(each.number) for each in rates}
    return rates[0] if len(numbers) == 1 and None not in numbers else None


class RateOfAll(State):
    """The learning rate of several optimizers, which has one value, and is set for all of them."""

    def __init__(self, states: Sequence[State]) -> None:
        super().__init__(states[0].variable, states[0].name)
        self._states = states

    def __float__(self) -> float:
        return float(self.numpy())

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> State:
        """Set all of them: tf_keras assigns what it was given."""
        for state in self._states:
            state.assign(value, use_locking, name, read_value)
        return self


def rate_now(parts: OptimizerParts) -> Variable | Tensor | State | None:
    """Return the learning rate of an optimizer, or the one of all inside of it; None if there is none."""
    rate = shared_rate(parts)
    if rate is None:
        return None
    rates = [rate] if rate is parts.learning_rate else _rates(parts)
    if len(rates) == 1:
        return rate.value(parts.iterations().variable)
    sources = [each.source for each in rates]
    return RateOfAll([each for each in sources if isinstance(each, State)])


def set_rate(parts: OptimizerParts, value: object) -> None:
    """Set the learning rate of an optimizer, or that of all inside of it.

    Raises
    ------
    ConfigError
        If it is no rate, or if those have different ones.
    """
    if parts.learning_rate.given is not None or not parts.node.inside:
        parts.learning_rate.assign(value, parts.name, parts.programs)
        return
    if shared_rate(parts) is None:
        raise ConfigError(
            "the optimizers inside have learning rates of their own, which one number cannot replace",
            where=f"{parts.name}.learning_rate",
            received=value,
            hint='set each: `optimizer.nested["NAME"].learning_rate = ...`',
        )
    for rate in _rates(parts):
        rate.assign(value, parts.name, parts.programs)


def current_config(parts: OptimizerParts) -> Any:
    """Return the config with what was set since: the rates of optimizers inside, and processors.

    Raises
    ------
    ConfigError
        If two of those optimizers share a config and have different rates.
    """
    changes: dict[int, dict[str, object]] = {}
    for node in parts.node:
        if "learning_rate" not in type(node.config).model_fields:
            continue
        rate = node.learning_rate
        change: dict[str, object] = {"learning_rate": rate.given}
        # That of the optimizer itself is told by `_serialize_hyperparameter`, which a subclass may call.
        if rate.number is not None and node is not parts.node:
            change = {"learning_rate": rate.current(rate.number)}
        if changes.setdefault(id(node.config), change) != change:
            rule = "optimizers inside that have different rates must have configs of their own"
            raise ConfigError(rule, where=node.owner.prefix, received=node.config)
    # A constructor of a user's own adds its processors again.
    if parts.added and parts.made_by_config:
        names = {id(plugin): name for name, plugin in parts.pipeline.processors.items()}
        added = (_named(each, names.get(id(each))) for each in parts.added)
        changes.setdefault(id(parts.config), {})["processors"] = (*parts.config.processors, *added)
    return updated(parts.config, changes)


def plain_value(parts: OptimizerParts, hyperparameter: object) -> Any:
    """Return a hyperparameter as a config has it, the learning rate as it is now.

    Raises
    ------
    ConfigError
        If it is a function that has no form in a config.
    """
    rate = parts.learning_rate
    # By identity: another hyperparameter may be the same number.
    if rate.number is not None and (hyperparameter is rate.given or hyperparameter is rate.kept(None)):
        return rate.current(rate.number)
    if isinstance(hyperparameter, Followed):
        return hyperparameter.now
    if isinstance(hyperparameter, tf.Variable):
        return hyperparameter.numpy().item()
    config = config_of(hyperparameter)
    if config is not None:
        return config.dump()
    form = saved(hyperparameter)
    if form is None and callable(hyperparameter):
        raise ConfigError(
            "a function can be used in code only",
            where=parts.name,
            received=hyperparameter,
            hint=how_to_save(hyperparameter),
        )
    return hyperparameter if form is None else form


def _rates(parts: OptimizerParts) -> list[LearningRate]:
    return [node.learning_rate for node in parts.node if node.learning_rate.given is not None]


def _named(processor: object, name: str | None) -> object:
    """Return the config of a processor, if it has one, with the name that it has in its optimizer."""
    config = config_of(processor)
    return processor if config is None else config.model_copy(update={"name": name})
