"""Checks of hyperparameters: each does something where it is set, or is refused."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal, Union

import tensorflow as tf

from optiplug._config.base import NamedConfig
from optiplug._config.kinds import OptimizerConfig, ProcessorConfig
from optiplug._optimizer.optimizer import Optimizer
from optiplug._types import Tensor
from optiplug.errors import ConfigError

from .check import NotApplicable, check, require
from .training import SHAPES, Training, compare

_OFTEN = (0.5, 1, 0, 2, 0.25, 3, 1e-3, -0.5, ("decoder/*",), ("decoder/*", "*"))
"""Values that most fields of numbers, or of globs, have one or two among that they accept."""
_HALF = dict.fromkeys(SHAPES, "bfloat16")


@check("optimizers", "processors")
def every_setting_acts(config: NamedConfig) -> None:
    """Each hyperparameter of its own, set to another value, is another step or other state, or is refused.

    One that does nothing without another says so in `needs`. Steps are compared as they are traced, so
    what happens rarely is seen, too.
    """
    shared = OptimizerConfig.model_fields.keys() | ProcessorConfig.model_fields.keys()
    own = [name for name in type(config).model_fields if name not in shared]
    if not own:
        raise NotApplicable("it has no hyperparameters of its own")
    kept: dict[str, object] = {}
    for name in own:
        base = _changed(config, _needed(config, name))
        if base is None:
            continue
        changed = (_changed(base, {name: value}) for value in _others(base, name))
        others = [each for each in changed if each is not None and each != base]
        if not others:
            continue
        acts = any(_acts(each, base, dtypes, kept) for dtypes in (None, _HALF) for each in others)
        require(
            acts,
            "must change something, or be refused, where it is set",
            where=name,
            received=[getattr(each, name) for each in others],
            hint="where it does nothing without another, list both in `needs`",
        )


@check("optimizers")
def comes_back_from_its_config(config: NamedConfig) -> None:
    """What `get_config` returns makes the same step, with all rates, those inside too, as they are now."""
    training = Training(config, jit_compile=False)
    training.build()
    for each in _with_rates(training.optimizer):
        each.learning_rate = 0.375
    text = json.dumps(training.optimizer.get_config(), allow_nan=False)
    again = Training(config, jit_compile=False)
    again.optimizer = type(training.optimizer).from_config(json.loads(text))
    again.build()
    compare(again.values(), training.values(), "made of `get_config`")
    # Which constants are shared depends on whether two fields hold the same object.
    same = set(_operations(again)) == set(_operations(training))
    require(same, "what `get_config` returns must make the same step", received=text)


def _with_rates(optimizer: Optimizer) -> Iterator[Any]:
    if isinstance(getattr(optimizer.config, "learning_rate", None), int | float):
        yield optimizer
    for each in optimizer.nested.values():
        yield from _with_rates(each)


def _acts(
    config: NamedConfig, base: NamedConfig, dtypes: Mapping[str, str] | None, kept: dict[str, object]
) -> bool:
    key = f"{base!r} {dtypes}"
    if key not in kept:
        kept[key] = _step(base, dtypes)
    return _step(config, dtypes) != kept[key]


def _needed(config: NamedConfig, name: str) -> dict[str, object]:
    """Return what has to be set so that a field does something."""
    for cls in type(config).__mro__:
        other, _, value = vars(cls).get("needs", {}).get(name, "").partition("=")
        if value:
            return {other: value}
        if other and not getattr(config, other):
            return {other: True if isinstance(getattr(config, other), bool) else 0.5}
    return {}


def _others(config: NamedConfig, name: str) -> Iterator[object]:
    """Yield values that a field may have."""
    value = getattr(config, name)
    if isinstance(value, bool):
        yield not value
        return
    yield from _choices(type(config).model_fields[name].annotation)
    if isinstance(value, int | float) and value:
        yield value / 2
        yield value * 2
    yield from _OFTEN


def _choices(annotation: Any) -> Iterator[object]:
    if typing.get_origin(annotation) is Literal:
        yield from typing.get_args(annotation)
    if typing.get_origin(annotation) in (Union, types.UnionType):
        for each in typing.get_args(annotation):
            yield from _choices(each)


def _changed(config: NamedConfig, fields: Mapping[str, object]) -> NamedConfig | None:
    """Return a config with other values; None if these are refused."""
    try:
        return type(config)(**{**dict(config), **fields})
    except ConfigError:
        return None


def _step(config: NamedConfig, dtypes: Mapping[str, str] | None) -> object:
    """Return what a step is: its operations with their constants, its state, and what it sums when."""
    training = Training(config, dtypes=dtypes, jit_compile=False)
    try:
        training.build()
    except ConfigError as error:
        return str(error)
    starts = {name: (value.dtype, value.tobytes()) for name, value in training.values().items()}
    # Where there are more replicas than here, that is another step.
    before_sum = [getattr(each, "before_sum", False) for each in training.optimizer.processors]
    return _operations(training), starts, before_sum


def _operations(training: Training) -> list[str]:
    """Return the operations of a traced step with their constants."""
    variables = list(training.variables.values())

    def loss() -> Tensor:
        return tf.add_n([tf.reduce_sum(tf.cast(each, tf.float32) ** 2) for each in variables])

    minimize = tf.function(partial(training.optimizer.minimize, loss, variables), autograph=False)
    graph = minimize.get_concrete_function().graph.as_graph_def()
    functions = (each.node_def for each in graph.library.function)
    return sorted(map(_shown, [*graph.node, *(node for nodes in functions for node in nodes)]))


def _shown(node: Any) -> str:
    # Names, of functions too, have numbers that count the traces of a process.
    said = {
        name: each
        for name, each in node.attr.items()
        if each.WhichOneof("value") not in ("func", "s", "list")
    }
    return f"{node.op} {[(name, each.SerializeToString()) for name, each in sorted(said.items())]}"
