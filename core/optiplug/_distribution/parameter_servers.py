"""Parameter servers: each variable is on another machine, and several workers step at once.

A worker computes gradients. What a step computes of a variable is computed beside it, so that only its
gradient travels; TensorFlow would compute all of it beside the first variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import tensorflow as tf

from optiplug._tf_private import captured_tensor
from optiplug._types import Tensor, Variable

__all__ = ["beside", "beside_inputs", "brought", "is_on_server", "is_served"]


def is_served(variable: Variable) -> bool:
    """Whether a variable is on a parameter server."""
    return is_on_server(variable.device)


def is_on_server(device: str) -> bool:
    """Whether a device is one of a parameter server.

    >>> is_on_server("/job:ps/replica:0/task:1/device:CPU:0"), is_on_server("/device:CPU:0")
    (True, False)
    """
    # A strategy takes no other name for this job.
    return "/job:ps/" in device


def beside(variable: Variable) -> AbstractContextManager[object]:
    """Return the context for operations that belong beside a variable, if that is on a parameter server."""
    return tf.device(variable.device) if is_served(variable) else nullcontext()


def brought(tensor: Tensor, variable: Variable) -> Tensor:
    """Return a tensor that is where a variable is, if that is on a parameter server."""
    if not is_served(variable):
        return tensor
    with beside(variable):
        return tf.identity(tensor)


@contextmanager
def beside_inputs() -> Iterator[None]:
    """Let operations of the function that is traced be where the largest of their inputs is, if on a server.

    Scalars tell nothing: a global norm is of all servers. What has no place of its own is left to
    TensorFlow. In eager mode the one who calls says where.
    """
    if tf.executing_eagerly():
        yield
        return
    graph = tf.compat.v1.get_default_graph()
    # `extended.update` asks for everything to be where the first variable is.
    with graph.colocate_with(None, ignore_existing=True), graph.device(_device_by_inputs):
        yield


def _device_by_inputs(operation: tf.Operation) -> str:
    if operation.device:
        return str(operation.device)
    placed = [(_size(each), _device_of(each)) for each in operation.inputs if each.shape.rank != 0]
    return max((each for each in placed if each[1]), key=lambda each: each[0], default=(0, ""))[1]


def _size(tensor: Tensor) -> int:
    """Return the number of elements, as far as it is known."""
    size = 1
    for length in tensor.shape if tensor.shape.rank else ():
        size *= length or 1
    return size


def _device_of(tensor: Tensor) -> str:
    # What comes from around a branch has a stand-in there, without a device.
    device = captured_tensor(tensor).device
    return str(device) if is_on_server(device or "") else ""
