"""A look at a traced step: whether what it computes from shares is computed element by element.

A formula or a hook that says it treats every element alike may still add up elements, as for a norm. Of a
share that is another number on each replica, and replicas would differ from then on without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import tensorflow as tf

from optiplug._tf_private import reads_of
from optiplug._types import Tensor, Variable
from optiplug._variables.capture import Working
from optiplug.errors import HookError

__all__ = ["require_by_elements"]

# They tell nothing of the elements themselves.
_OF_SHAPE = {"Rank", "Shape", "ShapeN", "Size"}
_HINT = "leave out `sharded_state` or what mixes elements; `reduces = True` in its config says so earlier"


def require_by_elements(
    sources: Sequence[Tensor], state: Iterable[Variable], others: Iterable[Working]
) -> None:
    """Refuse a step that computes something of another shape from shares, or assigns from them to others.

    `sources` are the shares of values and gradients at the start, `state` the variables with those of state,
    `others` what is assigned and is no share. Of a step that runs operation by operation nothing is known.

    Raises
    ------
    HookError
        If there is such an operation.
    """
    if tf.executing_eagerly() or not sources:
        return
    graph = sources[0].graph
    shares = {each.name: each.shape for each in (*sources, *reads_of(graph, state))}
    for operation in graph.get_operations():
        shape = next((shares[each.name] for each in operation.inputs if each.name in shares), None)
        if shape is None or operation.type in _OF_SHAPE:
            continue
        for output in operation.outputs:
            if output.shape != shape:
                raise HookError(
                    "sharded state needs every element to be computed by itself, from a share of "
                    f"{shape[0]} elements came a tensor of shape {tuple(output.shape)}",
                    where=operation.name,
                    received=operation.type,
                    hint=_HINT,
                )
            shares[output.name] = shape
    wrong = [each.path for each in others if each.read_value().name in shares]
    if wrong:
        raise HookError(
            "what belongs to all replicas cannot be assigned from a share", received=wrong, hint=_HINT
        )
