"""Which operations XLA can compile, looked up before the first step."""

from __future__ import annotations

import tensorflow as tf

from optiplug._tf_private import xla_compiles

__all__ = ["refused_operations"]

# Nodes that stand for arguments and bookkeeping; they have no kernel of their own.
_WITHOUT_KERNEL = {"Placeholder", "PlaceholderWithDefault"}


def refused_operations(graph: tf.Graph, device: str) -> dict[str, str]:
    """Return the types of operations in `graph` that XLA has no kernel for, each with one node's name.

    `device` is a device string; its kind decides which XLA is asked.
    """
    device_kind = "GPU" if "GPU" in device.upper() else "CPU"
    # Functions that the step calls, such as branches, are in the library of the graph.
    nested = graph.as_graph_def().library.function
    found = {operation.type: operation.name for operation in graph.get_operations()}
    found.update({node.op: node.name for function in nested for node in function.node_def})
    # A call of a function is an operation of the function's name, without a kernel.
    defined = {function.signature.name for function in nested}
    return {
        operation: name
        for operation, name in found.items()
        if operation not in _WITHOUT_KERNEL | defined and not xla_compiles(operation, device_kind)
    }
