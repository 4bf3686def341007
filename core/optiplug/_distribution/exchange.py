"""Collectives between workers that strategies have no method for: each sends every other one some rows.

They go between CPUs, as TensorFlow's ring does there. Each is one message from a worker to another, and
nothing is copied that is large and goes alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache

import tensorflow as tf

from optiplug._tf_private import collective_timeout, plain_variable
from optiplug._types import Strategy, Tensor, Variable

from .workers import Workers

__all__ = ["exchanged_rows", "gathered_rows"]

# Strategies number their own groups from 0 on, and in a group collectives have numbers of their own.
_GROUP = 0x6F707469
# Bytes from which a tensor goes alone, where both cost the same: docs/design/distribution.md.
_ALONE = 1 << 18
# While one is received another is copied.
_AT_ONCE = 8
_MOST = 0x7FFFFFFF  # of the numbers of collectives

_signatures: dict[int, tuple[object, ...]] = {}


def exchanged_rows(workers: Workers, strategy: Strategy, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the rows that all workers have for this one, of each tensor, which has a row for each."""
    return _in_pieces(workers, strategy, "CollectiveAllToAllV2", tensors)


def gathered_rows(workers: Workers, strategy: Strategy, vectors: Sequence[Tensor]) -> list[Tensor]:
    """Return for each vector those of all workers, as rows."""
    rows = [tf.expand_dims(each, 0) for each in vectors]
    return _in_pieces(workers, strategy, "CollectiveGatherV2", rows)


def _in_pieces(
    workers: Workers, strategy: Strategy, operation: str, tensors: Sequence[Tensor]
) -> list[Tensor]:
    """Let large tensors go alone, and join small ones; all are of one dtype."""
    pieces = _pieces(tensors)
    if not pieces:
        return []
    found: dict[int, Tensor] = {}
    # From the last on: a backward pass has the gradients of the last layers first, which can go meanwhile.
    for number, places in enumerate(reversed(pieces)):
        own = [tensors[place] for place in places]
        with tf.device(workers.device):
            joined = own[0] if len(own) == 1 else tf.concat(own, 1)
            rows = getattr(tf.raw_ops, operation)(
                input=joined,
                group_size=len(workers.names),
                group_key=_GROUP,
                instance_key=_key(operation, joined.dtype.name, *joined.shape, number),
                # Those of one number wait for each other. Without a token all would.
                ordering_token=[_token(workers, number % _AT_ONCE).handle],
                communication_hint="ring",
                timeout_seconds=collective_timeout(strategy) or 0.0,
            )
            every = [rows] if len(own) == 1 else tf.split(rows, [each.shape[1] for each in own], 1)
        found |= zip(places, every, strict=True)
    return [found[place] for place in range(len(tensors))]


def _pieces(tensors: Sequence[Tensor]) -> list[list[int]]:
    pieces, small, size = list[list[int]](), list[int](), 0
    for place, each in enumerate(tensors):
        own = each.shape.num_elements() * each.dtype.size
        if own >= _ALONE:
            pieces.append([place])
            continue
        small, size = [*small, place], size + own
        if size >= _ALONE:
            pieces.append(small)
            small, size = [], 0
    return [*pieces, small] if small else pieces


def _key(*signature: object) -> int:
    """Return a number that has the same signature on all workers, whichever functions each has traced."""
    # The same in each step: for every new one TensorFlow keeps 0.8 kB for ever.
    key = zlib.crc32(repr(signature).encode()) & _MOST
    while _signatures.setdefault(key, signature) != signature:
        key = (key + 1) & _MOST
    return key


@cache
def _token(workers: Workers, number: int) -> Variable:
    """Return what is given to those collectives that wait for one another."""
    with tf.init_scope():
        return plain_variable((), tf.float32, workers.device, f"exchange_token_{number}")
