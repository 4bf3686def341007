"""Variables that are split by rows over parameter servers, and their shards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import tensorflow as tf

from optiplug._tf_private import ShardedVariable, sharded_whole
from optiplug._types import Variable

__all__ = ["all_shards", "any_sharded", "as_whole", "is_sharded", "shards_of", "whole_of"]


def is_sharded(variable: object) -> bool:
    """Whether this is a variable that is split up, given whole."""
    return isinstance(variable, ShardedVariable)


def any_sharded(variables: Iterable[object]) -> bool:
    """Whether one of some variables is a variable that is split up, given whole."""
    # By types, each of them once: in an eager call this is asked in every step.
    return any(issubclass(kind, ShardedVariable) for kind in set(map(type, variables)))


def shards_of(variable: Variable) -> list[Variable]:
    """Return the shards of a variable that is given whole; of any other, the variable itself."""
    return list(variable.variables) if is_sharded(variable) else [variable]


def whole_of(variable: Variable) -> Variable | None:
    """Return the variable that this one is a shard of, None if it is none."""
    return sharded_whole(variable)


def all_shards(variables: Iterable[Variable]) -> list[Variable]:
    """Return each of some variables once, and with a shard all shards that are beside it."""
    found: dict[int, Variable] = {}
    for each in variables:
        whole = whole_of(each)
        found |= {id(shard): shard for shard in shards_of(each if whole is None else whole)}
    return list(found.values())


def as_whole(shards: Sequence[Variable]) -> Variable:
    """Return shards as what checkpoints have as one value, whichever shards they are restored to."""
    with tf.init_scope():  # it has a variable of its own, by which TensorFlow exports it
        return ShardedVariable(list(shards))
