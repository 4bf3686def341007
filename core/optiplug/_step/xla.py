"""What XLA makes of the operations of a step, looked up before the first one."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator

import tensorflow as tf

from optiplug._tf_private import xla_compiles

__all__ = ["warn_of_dropped", "warn_of_refused"]

# Nodes that stand for arguments and bookkeeping; they have no kernel of their own.
_WITHOUT_KERNEL = {"Placeholder", "PlaceholderWithDefault"}
# What XLA compiles to nothing, or to its input.
_DROPPED = {"Assert", "CheckNumerics", "CheckNumericsV2"}


def warn_of_refused(graph: tf.Graph, device: str) -> bool:
    """Warn of operations in `graph` that XLA has no kernel for, if there are any, and return whether.

    `device` is a device string; its kind decides which XLA is asked.
    """
    device_kind = "GPU" if "GPU" in device.upper() else "CPU"
    # A call of a function is an operation of the function's name, without a kernel.
    defined = {function.signature.name for function in graph.as_graph_def().library.function}
    refused = {
        operation: name
        for operation, name in _operations(graph)
        if operation not in _WITHOUT_KERNEL | defined and not xla_compiles(operation, device_kind)
    }
    if refused:
        named = ", ".join(f"{operation} ({name})" for operation, name in refused.items())
        warnings.warn(
            f"XLA cannot compile this step, so it runs uncompiled. It refuses: {named}. Hint: "
            "the name of a node starts with that of its hook; use TensorFlow operations there.",
            stacklevel=2,
        )
    return bool(refused)


def warn_of_dropped(graphs: Iterable[tf.Graph]) -> None:
    """Warn of assertions, which XLA leaves out without a word."""
    dropped = [
        name
        for graph in graphs
        for operation, name in _operations(graph)
        # `tf.case`, as in a schedule of Keras, asserts what follows from its own arguments.
        if operation in _DROPPED and "case/Assert" not in name
    ]
    if dropped:
        warnings.warn(
            f"XLA leaves assertions out, so these are not checked: {', '.join(dropped)}. Hint: "
            "`jit_compile=False` keeps them; a gate may also return that the step must not happen.",
            stacklevel=2,
        )


def _operations(graph: tf.Graph) -> Iterator[tuple[str, str]]:
    """Yield the type and the name of every operation, those of functions that the graph calls included."""
    yield from ((operation.type, operation.name) for operation in graph.get_operations())
    # Branches, for example, are in the library of the graph.
    for function in graph.as_graph_def().library.function:
        yield from ((node.op, node.name) for node in function.node_def)
