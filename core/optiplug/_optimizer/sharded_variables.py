"""Variables that are split up, and who would need the whole of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from optiplug import _distribution as distribution
from optiplug._config.promises import is_elementwise
from optiplug._step.pipeline import Pipeline
from optiplug._types import Variable
from optiplug._variables.model_variables import ModelVariables
from optiplug.errors import BuildError

from .groups import OptimizerNode

__all__ = ["any_split", "refuse_split"]

_HINT = (
    "keep it whole, as `variable_partitioner` may return 1 for it, or leave it to an elementwise optimizer"
)


def any_split(variables: Iterable[Variable]) -> bool:
    """Return whether one of some variables is a shard."""
    return any(distribution.whole_of(variable) is not None for variable in variables)


def refuse_split(node: OptimizerNode, pipeline: Pipeline, variables: ModelVariables) -> None:
    """Refuse shards of a variable where a matrix or a norm of the whole is asked for.

    Each shard would be taken for a variable by itself, and be wrong in silence.

    Raises
    ------
    BuildError
        If there are any, with the path of the whole.
    """
    for whole in variables.wholes:
        if len(whole.shards) == 1:
            continue
        if len({id(node.leaf(shard)) for shard in whole.shards}) > 1:
            raise BuildError(f"all shards of {whole.path!r} must be in one group", where=node.name)
        for who, what in _needing_whole(node, pipeline, variables, whole.shards[0]):
            raise BuildError(
                f"{whole.path!r} is split into {len(whole.shards)} shards, and {what} needs all of it",
                where=who,
                received=tuple(whole.shape),
                hint=_HINT,
            )


def _needing_whole(
    node: OptimizerNode, pipeline: Pipeline, variables: ModelVariables, shard: Variable
) -> Iterator[tuple[str, str]]:
    leaf = node.leaf(shard)
    if not is_elementwise(type(leaf.optimizer)):
        yield leaf.owner.prefix or leaf.name, "an optimizer that is not `elementwise`"
    for name in pipeline.not_elementwise(shard):
        yield name, "a processor that is not `elementwise`"
    constraint = variables.constraint(shard)
    if constraint is not None:
        yield node.name, f"its constraint {type(constraint).__name__}"
