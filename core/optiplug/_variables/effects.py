"""What a part of a step does beside computing values, so that writing can wait for all of it.

TensorFlow runs an assignment as soon as its own value is there. So an error, such as that of an assertion
in a hook, would leave a step half done.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import tensorflow as tf

from optiplug._types import Tensor

__all__ = ["Effects"]

Structure = TypeVar("Structure")


class Effects:
    """The operations that are added to the graph being traced from now on.

    Outside of a graph everything happens in the order of the program, and nothing has to wait.
    """

    def __init__(self) -> None:
        self._begin = 0 if tf.executing_eagerly() else len(_operations())

    def awaited(self, values: Structure) -> AbstractContextManager[Any]:
        """Return a context whose operations run when all `values` are there and every check has passed."""
        if tf.executing_eagerly():
            return nullcontext()
        tensors: list[Tensor] = tf.nest.flatten(values, expand_composites=True)
        effects = [each for each in _operations()[self._begin :] if each.op_def.is_stateful]
        # One node between: an edge from each value to each assignment would be thousands squared.
        first = [tf.group(*tensors, *effects)] if tensors or effects else []
        context: AbstractContextManager[Any] = tf.control_dependencies(first)
        return context

    def settled(self, values: Structure) -> Structure:
        """Return the same values, none of which is there before all are and every check has passed."""
        if tf.executing_eagerly():
            return values
        with self.awaited(values):
            same: Structure = tf.nest.map_structure(tf.identity, values, expand_composites=True)
        return same


def _operations() -> list[tf.Operation]:
    operations: list[tf.Operation] = tf.compat.v1.get_default_graph().get_operations()
    return operations
