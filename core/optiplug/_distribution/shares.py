"""Shares: each replica of a strategy keeps a part of what belongs to a variable.

What is sharded lies in variables that have another value on each device, and that TensorFlow neither
reads as one nor saves: it would take the share of the first replica for the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from optiplug._tf_private import outside_function
from optiplug._types import DType, Gradient, Shape, Strategy, Tensor, Variable

from .dtensor import mesh_of
from .first_value import first_value
from .strategies import own_strategy, scope_of
from .waiting import watched
from .worker_errors import worker_errors
from .workers import workers_of

__all__ = [
    "create_shares",
    "gathered",
    "local_shares",
    "replica_indices",
    "replicas",
    "spans_processes",
    "why_whole",
]

_SHARING = (tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy)
_ALONE = (tf.distribute.OneDeviceStrategy,)


def why_whole(variable: Variable) -> str:
    """Return why what belongs to a variable cannot be sharded where it is; empty if it can.

    >>> why_whole(tf.Variable(1.0))
    ''
    """
    if mesh_of(variable) is not None:
        return "it is on a DTensor mesh, whose layout says how it is split"
    strategy = own_strategy(variable)
    if strategy is None or isinstance(strategy, (*_SHARING, *_ALONE)):
        return ""
    return f"a {type(strategy).__name__} does not keep a copy of it on each replica"


def replicas(variable: Variable) -> int:
    """Return how many replicas can share what belongs to a variable.

    >>> replicas(tf.Variable(1.0))
    1
    """
    strategy = own_strategy(variable)
    return int(strategy.num_replicas_in_sync) if isinstance(strategy, _SHARING) else 1


def spans_processes(variable: Variable) -> bool:
    """Whether some of those replicas are in other processes, so that reading the whole takes all of them."""
    return replicas(variable) > len(local_shares(variable))


def local_shares(variable: Variable) -> Sequence[Variable]:
    """Return the components of a variable on the devices of this process."""
    strategy = own_strategy(variable)
    return [variable] if strategy is None else list(strategy.experimental_local_results(variable))


def replica_indices(variable: Variable, count: int) -> list[int]:
    """Return the places of the `count` replicas of this process among all that a variable belongs to."""
    first, resolver = 0, getattr(own_strategy(variable), "cluster_resolver", None)
    if isinstance(own_strategy(variable), _SHARING) and resolver is not None and resolver.task_type:
        # The chief is no worker, and comes before them.
        chiefs = len(resolver.cluster_spec().as_dict().get("chief", ()))
        first = count * (resolver.task_id + (chiefs if resolver.task_type == "worker" else 0))
    return list(range(first, first + count))


def create_shares(variable: Variable, start: float, *, shape: Shape, dtype: DType, name: str) -> Variable:
    """Create a share of this shape on each device of `variable`, filled with a number."""
    strategy: Strategy = variable.distribute_strategy

    def value() -> Tensor:
        return tf.fill(shape, first_value(lambda: start, dtype))

    with outside_function(), scope_of(strategy), strategy.extended.colocate_vars_with(variable):
        return tf.Variable(
            value,
            trainable=False,
            shape=shape,
            dtype=dtype,
            name=name,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.NONE,
        )


def gathered(variable: Variable, shares: Sequence[Tensor]) -> list[Tensor]:
    """Return for each device of this process the vectors of all replicas, as rows, given those of its own.

    It is called in cross-replica context; if there are several processes, all of them have to call it.
    """
    strategy: Strategy = variable.distribute_strategy
    indices = replica_indices(variable, len(shares))

    def rows() -> list[Gradient]:
        pairs = zip(shares, indices, strict=True)
        return [_row(share, index, replicas(variable)) for share, index in pairs]

    def joined(rows: Sequence[Gradient]) -> list[Gradient]:
        own, found = iter(rows), list[Gradient]()
        every: Any = strategy.experimental_distribute_values_from_function(lambda _: next(own))
        # The sum of rows that are apart is all of them: one collective, where `gather` pads, copies and
        # transposes, and cannot be called eagerly.
        whole = strategy.extended.reduce_to(tf.distribute.ReduceOp.SUM, every, destinations=variable)
        strategy.extended.update(variable, lambda _, each: found.append(each), args=(whole,), group=False)
        return found

    workers = workers_of(strategy)
    with scope_of(strategy):
        if workers is None:
            return [each.values for each in joined(rows())]
        with worker_errors():
            return [each.values for each in watched(workers, strategy, rows, joined)]


def _row(share: Tensor, index: int, count: int) -> tf.IndexedSlices:
    with tf.device(share.device):
        shape = tf.constant([count, share.shape[0]], tf.int64)
        return tf.IndexedSlices(tf.expand_dims(share, 0), tf.constant([index], tf.int64), shape)
