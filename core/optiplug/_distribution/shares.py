"""Shares: each replica of a strategy keeps a part of what belongs to a variable.

What is sharded lies in variables that have another value on each device, and that TensorFlow neither
reads as one nor saves: it would take the share of the first replica for the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import tensorflow as tf

from optiplug._tf_private import outside_function
from optiplug._types import DType, Gradient, Shape, Strategy, Tensor, Variable

from .dtensor import mesh_of
from .exchange import exchanged_rows, gathered_rows
from .first_value import first_value
from .strategies import own_strategy, scope_of
from .waiting import watched
from .worker_errors import worker_errors
from .workers import Workers, workers_of

__all__ = [
    "create_shares",
    "gathered",
    "local_shares",
    "replica_indices",
    "replicas",
    "spans_processes",
    "summed_shares",
    "sums_shares",
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
    """Return the places of the `count` replicas of this process among all, in the order of collectives."""
    first, resolver = 0, getattr(own_strategy(variable), "cluster_resolver", None)
    if isinstance(own_strategy(variable), _SHARING) and resolver is not None and resolver.task_type:
        tasks = resolver.cluster_spec().as_dict()
        # TensorFlow orders tasks by their names as texts, so that worker 10 comes before worker 2.
        names = sorted(
            (job, str(index)) for job in ("chief", "worker") for index in range(len(tasks.get(job, ())))
        )
        first = count * names.index((resolver.task_type, str(resolver.task_id)))
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


def _direct(variable: Variable) -> Workers | None:
    """Return the workers of a variable if they have a CPU each, and so can send each other what they like."""
    workers = workers_of(own_strategy(variable))
    if workers is None or replicas(variable) != len(workers.names):
        return None
    # Between GPUs collectives are NCCL's, which has to be told in which order they come.
    return workers if tf.DeviceSpec.from_string(variable.device).device_type == "CPU" else None


def sums_shares(variable: Variable) -> bool:
    """Whether a replica can have the sum of its share alone, with the bits of the sum of the whole."""
    # A sum of two is the same in either order; that of more would have to be in the order of the ring.
    return replicas(variable) == 2 and _direct(variable) is not None


def summed_shares(
    variable: Variable, shares: Sequence[Tensor], whole: Sequence[int]
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the sum over replicas of each share of this one, given the shares of both as rows.

    Those at the places `whole` come as the sums of both as well, as rows. It is called in replica context, by
    all replicas of a variable that `sums_shares`.
    """
    workers = _direct(variable)
    if workers is None:
        raise ValueError(f"{variable.name!r} is not one of two workers")

    def merged(strategy: Strategy, *own: Tensor) -> list[Gradient]:
        def summed(own: Sequence[Tensor]) -> list[Gradient]:
            sums = [rows[0] + rows[1] for rows in exchanged_rows(workers, strategy, own)]
            return [*sums, *gathered_rows(workers, strategy, [sums[place] for place in whole])]

        # In the thread of the caller, which alone gets the errors.
        with worker_errors():
            return watched(workers, strategy, lambda: _begun(own), summed)

    found = list(tf.distribute.get_replica_context().merge_call(merged, args=tuple(shares)))
    return found[: len(shares)], found[len(shares) :]


def gathered(variable: Variable, own: Sequence[Sequence[Tensor]]) -> list[list[Tensor]]:
    """Return for each device of this process the vectors of all replicas, each as rows, given its own ones.

    They are of one dtype. It is called in cross-replica context; if there are several processes, all of them
    have to call it.
    """
    strategy: Strategy = variable.distribute_strategy
    workers = workers_of(strategy)
    with scope_of(strategy), nullcontext() if workers is None else worker_errors():
        direct = _direct(variable)
        if direct is not None:
            rows = partial(gathered_rows, direct, strategy)
            return [watched(direct, strategy, lambda: _begun(own[0]), rows)]
        # One collective for all of them.
        joined = [tf.concat(each, 0) for each in own]
        every = _gathered_by_strategy(variable, workers, joined)
        return [tf.split(rows, [each.shape[0] for each in own[0]], axis=1) for rows in every]


def _gathered_by_strategy(
    variable: Variable, workers: Workers | None, shares: Sequence[Tensor]
) -> list[Tensor]:
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

    every = joined(rows()) if workers is None else watched(workers, strategy, rows, joined)
    return [each.values for each in every]


def _begun(tensors: Sequence[Tensor]) -> list[Gradient]:
    # Operations of a wait, which come after its beginning.
    return [tf.identity(each) for each in tensors]


def _row(share: Tensor, index: int, count: int) -> tf.IndexedSlices:
    with tf.device(share.device):
        shape = tf.constant([count, share.shape[0]], tf.int64)
        return tf.IndexedSlices(tf.expand_dims(share, 0), tf.constant([index], tf.int64), shape)
