"""Calls of a traced function without TensorFlow's look at each of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from optiplug._tf_private import EagerTensor, signature
from optiplug._types import Tensor

__all__ = ["FlatCall", "Trace"]

Trace: TypeAlias = Any  # a concrete function of TensorFlow, which is untyped


class FlatCall:
    """A function of a list of tensors, whose trace for tensors of these dtypes and shapes is kept.

    TensorFlow makes a type of each argument, compares it with that of the trace and casts to it, and looks
    for tapes: two thirds of an eager step of 161 small variables (docs/design/performance.md). This asks
    for dtype and shape, and does nothing that a step could see: what is recorded on a tape is not lost,
    as nobody differentiates a step. Of the function, which returns a list or nothing, it returns a list.

    Parameters
    ----------
    function
        A tf.function that is called in eager mode, always on the same device.
    trace
        Returns the trace for tensors like these; it may be that of another function that does the same.
    """

    def __init__(self, function: Any, trace: Callable[[Sequence[Tensor]], Trace]) -> None:
        self._function, self._trace = function, trace
        self._traces: dict[tuple[object, ...], Callable[[Sequence[Tensor]], Sequence[Tensor]]] = {}

    def __call__(self, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        # What is no plain tensor, as one of a mesh or of a user's class, is looked at by TensorFlow.
        if tf.config.functions_run_eagerly() or set(map(type, tensors)) != {EagerTensor}:
            result: Sequence[Tensor] = self._function(tensors)
            return result
        key = (tf.distribute.in_cross_replica_context(), *map(signature, tensors))
        trace = self._traces.get(key)
        if trace is None:
            trace = self._traces[key] = _flat(self._trace(tensors))
        return trace(tensors) or ()


def _flat(trace: Trace) -> Callable[[Sequence[Tensor]], Sequence[Tensor]]:
    return lambda tensors: trace.inference_fn.call_flat(*tensors, *trace.captured_inputs)
