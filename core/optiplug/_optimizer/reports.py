"""Reports on an optimizer: memory, stages and compiled program, before or after it is built."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug import registry
from optiplug._config.base import config_of
from optiplug._state.memory_report import StateReport, report
from optiplug._step.explanation import Explanation, StageEntry
from optiplug._step.explanation import explain as explain_variables
from optiplug._types import Variable
from optiplug._variables.model_variables import is_trainable, unwrapped
from optiplug.errors import BuildError, PluginError, UnknownPluginError

from .dry_build import dry_built
from .groups import OptimizerNode
from .parts import OptimizerParts
from .sharding import require_shareable, shared

__all__ = ["compiled_program", "description", "explain", "state_report"]


def description(parts: OptimizerParts) -> str:
    """Return name, learning rate and processors of an optimizer, and those inside of it, in a line."""
    outer, *inside = parts.node
    told = [f"{type(outer.optimizer).__name__} {outer.name!r}", *_rate(outer)]
    if parts.pipeline.processors:
        told.append(f"processors=[{', '.join(parts.pipeline.processors)}]")
    told += [
        f"{node.owner.prefix}={type(node.optimizer).__name__}({', '.join(_rate(node))})" for node in inside
    ]
    return f"<{', '.join(told)}>"


def _rate(node: OptimizerNode) -> list[str]:
    """Return the learning rate in words, none if there is none; a schedule is told by its name."""
    rate = node.learning_rate
    if rate.given is None:
        return []
    if rate.number is not None:
        with tf.init_scope():  # in a function that is traced the variable has no value
            return [f"learning_rate={rate.current(rate.number):g}"]
    config = config_of(rate.given)
    try:
        name = "" if config is None else registry.reference_of(type(config))
    except UnknownPluginError:
        name = ""
    return [f"learning_rate={name or getattr(rate.given, '__name__', type(rate.given).__name__)}"]


def state_report(parts: OptimizerParts, variables: Iterable[Variable] | None) -> StateReport:
    """Return how many bytes the state takes; see `Optimizer.state_report`."""
    wanted = _wanted(parts, variables, "state_report")
    built = _built_with(parts, wanted)
    require_shareable(built, wanted)
    return report(built.table, {built.variables.path(each): each for each in wanted}, *shared(built, wanted))


def explain(parts: OptimizerParts, variables: Iterable[Variable] | None) -> Explanation:
    """Return what a step does to each variable; see `Optimizer.explain`."""
    wanted = _wanted(parts, variables, "explain")
    built = _built_with(parts, wanted)
    explained = explain_variables(
        wanted, built.variables, built.pipeline, lambda each: _formula(built.node.leaf(each))
    )
    return Explanation(
        _formula(parts.node), parts.learning_rate.next(), explained, tuple(_notes(parts, built, wanted))
    )


def _notes(parts: OptimizerParts, built: OptimizerParts, wanted: Sequence[Variable]) -> Iterator[str]:
    if parts.programs.outdated:
        yield "a tf.function that has traced a step keeps it with the hooks that there were then"
    decays, stacked = built.pipeline.decays(""), defaultdict(list)
    for variable in wanted:
        node = built.node.leaf(variable)
        path = built.variables.path(variable)
        own = node.config.own_weight_decay and node.config.weight_decay not in (None, 0)
        names = (
            [f"that of {node.name} itself"] if own and not node.exclusions.excludes(variable, path) else []
        )
        names += [name for name, chosen in decays.items() if id(variable) in chosen]
        if len(names) > 1:
            stacked[", ".join(names)].append(path)
    for which, paths in stacked.items():
        yield f"weight decays add up ({which}) for {', '.join(dict.fromkeys(paths))}"


def compiled_program(parts: OptimizerParts) -> str:
    """Return the compiled core of a step on one device; see `Optimizer.compiled_program`."""
    variables = _wanted(parts, None, "compiled_program")
    if not parts.compiles:
        raise BuildError(
            "only what XLA compiles has a compiled program",
            where=f"{parts.name}.compiled_program",
            hint="set jit_compile=True; on a DTensor mesh nothing is compiled",
        )
    # All devices have the same program.
    return parts.traced(lambda: next(iter(parts.programs.outside_steps(variables).values())).text())


def _built_with(parts: OptimizerParts, wanted: list[Variable]) -> OptimizerParts:
    """Return the parts of this optimizer, or of one like it, that is built with these variables too."""
    late = parts.late(wanted)
    # All variables, and not the late ones alone: numbers in paths depend on those before.
    return dry_built(parts, [*parts.variables, *late]) if late else parts


def _wanted(parts: OptimizerParts, variables: Iterable[Variable] | None, method: str) -> list[Variable]:
    wanted = (
        list(parts.variables)
        if variables is None
        else [unwrapped(each) for each in distribution.all_shards(variables) if is_trainable(each)]
    )
    if not wanted:
        raise BuildError(
            "there are no variables yet",
            where=f"{parts.name}.{method}",
            hint=f"hand over those of the model: {method}(model.trainable_variables)",
        )
    return wanted


def _formula(node: OptimizerNode) -> StageEntry:
    """Return the entry of the optimizer itself, with its distribution or its class as origin."""
    cls = type(node.optimizer)
    try:
        entry = registry.find("optimizers", registry.reference_of(type(node.config)))
        origin = f"{entry.distribution} {entry.version}"
    except PluginError:
        origin = f"{cls.__module__}.{cls.__qualname__}"
    return StageEntry("update_step", node.owner.prefix or node.name, origin)
