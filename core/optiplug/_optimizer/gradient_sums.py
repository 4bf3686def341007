"""Sums over replicas of the gradients of shared variables: each sums its share, which may be all it needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import DType, Gradient, Tensor, Variable
from optiplug._variables.gradients import dense, tensor
from optiplug._variables.share import Share

from .parts import OptimizerParts

__all__ = ["sum_shares"]

Pairs: TypeAlias = list[tuple[Gradient, Variable]]


def sum_shares(parts: OptimizerParts, pairs: Pairs) -> tuple[Pairs, Pairs]:
    """Sum gradients of shared variables by shares where that is possible; return these sums and other pairs.

    What a gate or a clip looks at is put together again, which is faster than a sum of the whole, too. It is
    called in replica context.
    """
    shares = {id(each.member): each for each in parts.packing.packs if isinstance(each, Share)}
    apart = [pair for pair in pairs if id(pair[1]) in shares and _is_apart(*pair)]
    if not apart:
        return [], pairs
    alike: defaultdict[DType, list[tuple[Share, Tensor]]] = defaultdict(list)
    for gradient, variable in apart:
        whole, share = dense(tensor(gradient), variable), shares[id(variable)]
        alike[whole.dtype].append((share, share.rows(whole)))
    sums = [pair for some in alike.values() for pair in _summed(parts, some)]
    known = {id(variable) for _, variable in apart}
    return sums, [pair for pair in pairs if id(pair[1]) not in known]


def _is_apart(gradient: Gradient, variable: Variable) -> bool:
    # Rows of a table may be fewer than its share.
    return not isinstance(gradient, tf.IndexedSlices) and distribution.sums_shares(variable)


def _summed(parts: OptimizerParts, rows: Sequence[tuple[Share, Tensor]]) -> Iterator[tuple[Tensor, Variable]]:
    """Yield the sum of each gradient of one dtype, of this replica's share or whole, with its variable."""
    members = [share.member for share, _ in rows]
    seen = [place for place, member in enumerate(members) if parts.pipeline.seeing_sum(member)]
    own, whole = distribution.summed_shares(members[0], [each for _, each in rows], seen)
    found = dict(enumerate(own)) | dict(zip(seen, whole, strict=True))
    for place, (share, _) in enumerate(rows):
        yield share.whole(found[place]) if place in seen else found[place], share.member
