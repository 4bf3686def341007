"""Which variables have sharded state, and why some cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from optiplug import _distribution as distribution
from optiplug._config.kinds import OptimizerConfig
from optiplug._config.promises import is_elementwise
from optiplug._config.section import Section
from optiplug._hookspecs import STAGES_OF_SHARES, hook_names
from optiplug._step.pipeline import Pipeline
from optiplug._types import Variable
from optiplug._variables.packing import Packing
from optiplug._variables.share import LARGEST_WHOLE, Share
from optiplug.errors import ConfigError, Problem

if TYPE_CHECKING:
    from .parts import OptimizerParts

__all__ = ["asks_for_shares", "refuse_hooks", "require_shareable", "share", "shared"]

_HINT = "leave out what needs the whole, or set `sharded_state` on the optimizers inside that can have it"


def asks_for_shares(config: object) -> bool:
    """Whether a config, or that of an optimizer inside of it, asks for sharded state."""
    if isinstance(config, OptimizerConfig) and config.sharded_state:
        return True
    inside: Iterable[object] = ()
    if isinstance(config, Section | Mapping):
        inside = dict(config).values()
    elif isinstance(config, tuple | list):
        inside = config
    return any(map(asks_for_shares, inside))


def share(parts: OptimizerParts, variables: Iterable[Variable]) -> None:
    """Let each replica have its share of those variables that are large, if that is asked for."""
    for variable in _wanted(parts, variables):
        count = distribution.replicas(variable)
        # On one replica a share is the whole.
        if count > 1 and not distribution.why_whole(variable):
            name, owner = f"share:{len(parts.packing.packs)}", parts.node.leaf(variable).owner.prefix
            parts.packing.add(Share(variable, name, owner, count))


def require_shareable(parts: OptimizerParts, variables: Sequence[Variable]) -> None:
    """Refuse sharded state where it is impossible; `parts` are those of a dry run.

    Raises
    ------
    ConfigError
        With a problem for each variable that cannot have it.
    """
    where = parts.name, "sharded_state"
    found = [
        Problem(where, f"{_path(parts, each)!r} cannot be shared: {'; '.join(reasons)}", hint=_HINT)
        for each in _wanted(parts, variables)
        if (reasons := list(_reasons(parts, each)))
    ]
    if found:
        raise ConfigError(found)


def refuse_hooks(pipeline: Pipeline, packing: Packing, where: str) -> None:
    """Refuse hooks of a pipeline that need the whole of what is shared already.

    Raises
    ------
    ConfigError
        If there is one.
    """
    shares = [pack for pack in packing.packs if isinstance(pack, Share)]
    needing = dict.fromkeys(name for each in shares for name in pipeline.needing_whole(each.member))
    if needing:
        raise ConfigError(
            "a processor that needs whole variables after the stage `share` cannot be added to sharded state",
            where=where,
            received=list(needing),
            hint="list it from the beginning, without `sharded_state`",
        )


def shared(parts: OptimizerParts, variables: Iterable[Variable]) -> tuple[set[str], set[str], set[str]]:
    """Return the paths of the variables that several replicas would share, and the names of their state.

    State of what sees whole variables is not among it. Last come the paths of those of them of whose summed
    gradient a replica needs its share alone.
    """
    wanted = {parts.variables.path(each): each for each in _wanted(parts, variables)}
    whole = tuple(f"{name}/" for name in parts.pipeline.seeing_whole)
    homes = parts.table.homes.items()
    state = {name for name, (_, path) in homes if path in wanted and not name.startswith(whole)}
    return set(wanted), state, {path for path, each in wanted.items() if not parts.pipeline.seeing_sum(each)}


def _path(parts: OptimizerParts, variable: Variable) -> str:
    return parts.variables.path(variable) if variable in parts.variables else str(variable.name)


def _wanted(parts: OptimizerParts, variables: Iterable[Variable]) -> list[Variable]:
    """Return the large ones of those variables for which sharded state is asked."""
    everywhere = parts.config.sharded_state
    return [
        each
        for each in variables
        if (each.shape.num_elements() or 0) > LARGEST_WHOLE
        and (everywhere or parts.node.leaf(each).config.sharded_state)
    ]


def _reasons(parts: OptimizerParts, variable: Variable) -> Iterator[str]:
    if not parts.made_by_config:
        yield f"{type(parts.optimizer).__name__} has a constructor of its own"
        return
    leaf = parts.node.leaf(variable)
    place = distribution.why_whole(variable)
    if place:
        yield place
    if parts.config.sparse == "lazy":
        yield "with `sparse: lazy` it is updated by rows"
    if not is_elementwise(type(leaf.optimizer)):
        yield f"the formula of {leaf.name!r} needs the whole of it"
    if parts.variables.constraint(variable) is not None:
        yield "its constraint is a function of the whole"
    for name in parts.pipeline.needing_whole(variable):
        yield f"the processor {name!r} needs the whole of it, or keeps state before and after `share`"
    before = set(hook_names(leaf.optimizer)) - STAGES_OF_SHARES
    if before:
        yield f"{leaf.name!r} takes part in {', '.join(sorted(before))} itself"
    seen_whole = tuple(f"{name}/" for name in parts.pipeline.seeing_whole)
    for state in parts.table.apart(variable):
        if not state.path.startswith(seen_whole):
            yield f"its state {state.path!r} has the shape {tuple(state.shape)}"
