"""Where a step runs: the only package that names tf.distribute or DTensor.

The type of a variable decides which of the two it belongs to. Code outside of this package works on
lists of components and never asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug._types import Array, DType, Mesh, Shape, Tensor, Variable

from . import dtensor, parameter_servers, strategies
from .agreement import agree
from .dtensor import checked_mesh, mesh_of, require_one_mesh
from .first_value import first_value
from .meeting import require_all_workers
from .parameter_servers import beside, beside_inputs, brought
from .sharded_variables import all_shards, any_sharded, as_whole, is_sharded, shards_of, whole_of
from .shares import (
    create_shares,
    gathered,
    local_shares,
    replica_indices,
    replicas,
    spans_processes,
    summed_shares,
    sums_shares,
    why_whole,
)
from .strategies import (
    merge,
    on_each_device,
    replica_index,
    require_replica_context,
    sum_over_replicas,
    summed,
    workers_beside,
)
from .worker_errors import worker_errors
from .workers import Workers

__all__ = [
    "Workers",
    "agree",
    "all_shards",
    "any_sharded",
    "as_whole",
    "assign",
    "beside",
    "beside_inputs",
    "brought",
    "checked_mesh",
    "components",
    "create_beside",
    "create_shares",
    "devices_of",
    "first_value",
    "gathered",
    "is_served",
    "is_sharded",
    "local_shares",
    "merge",
    "mesh_of",
    "numpy",
    "on_device",
    "on_each_device",
    "place_of",
    "read",
    "replica_index",
    "replica_indices",
    "replicas",
    "require_all_workers",
    "require_one_mesh",
    "require_replica_context",
    "shards_of",
    "spans_processes",
    "sum_over_replicas",
    "summed",
    "summed_shares",
    "sums_shares",
    "tracing",
    "uncompiled",
    "whole_of",
    "why_whole",
    "worker_errors",
    "workers_beside",
]


def components(variables: Sequence[Variable]) -> list[list[Variable]]:
    """Return, for each device of this process, its own component of every variable.

    On a mesh all devices run one program, so a variable is its only component.

    Raises
    ------
    ReplicaContextError
        If the variables do not all belong to one strategy, or to one mesh.
    """
    require_one_mesh(variables)
    return strategies.components(variables) if mesh_of(variables[0]) is None else [list(variables)]


def place_of(variable: Variable) -> Any:
    """Return a key that is equal for variables that can be joined, and None for one that cannot."""
    # On a mesh each variable has a layout of its own, which joining would undo; a shard is a part already.
    apart = mesh_of(variable) is not None or whole_of(variable) is not None
    return None if apart else strategies.place_of(variable)


def is_served(variable: Variable | Mesh | None) -> bool:
    """Whether a variable is on a parameter server, where other workers change it meanwhile."""
    return (
        isinstance(variable, tf.Variable) and not mesh_of(variable) and parameter_servers.is_served(variable)
    )


def uncompiled(place: Variable | Mesh | None) -> str:
    """Return where the variables are, if XLA cannot compile a step there; else nothing."""
    # DTensor ignores `jit_compile` silently, and XLA compiles for one device: docs/design/distribution.md.
    if mesh_of(place) is not None:
        return "on a DTensor mesh"
    return "on parameter servers" if is_served(place) else ""


def devices_of(variables: Iterable[object]) -> list[str]:
    """Return the devices that some variables of one replica are on, in order; none for those on a mesh."""
    single = (each for each in variables if isinstance(each, tf.Variable) and mesh_of(each) is None)
    return list(dict.fromkeys(each.device for each in single))


def on_device(devices: Sequence[str]) -> AbstractContextManager[object]:
    """Return the context for operations that run on a device; if there are several TensorFlow places each."""
    # None are those of a mesh, which places operations itself; `beside_inputs` places those of servers.
    if not devices or any(map(parameter_servers.is_on_server, devices)):
        return nullcontext()
    place: AbstractContextManager[object] = tf.device(devices[0] if len(devices) == 1 else None)
    return place


def create_beside(
    place: Variable | Mesh | None,
    initial: Callable[[], Tensor | float],
    *,
    shape: Shape,
    dtype: DType,
    name: str,
) -> Variable:
    """Create a variable where `place` is, a variable or a mesh, even while a function is traced.

    It is laid out as a variable of the same shape is. Without a place it is created by the
    strategy whose scope is open.
    """
    create = strategies.create_beside if mesh_of(place) is None else dtensor.create
    return create(place, initial, shape=shape, dtype=dtype, name=name)


def tracing(variable: Variable) -> AbstractContextManager[None]:
    """Return the context in which a step on `variable` has to be traced."""
    mesh = mesh_of(variable)
    return nullcontext() if mesh is None else dtensor.tracing(mesh)


def assign(variable: Variable, value: Tensor) -> None:
    """Assign a value, which may be on another device, to a variable."""
    if mesh_of(variable) is None:
        variable.assign(value)
    else:
        dtensor.assign(variable, value)


def numpy(variable: Variable) -> Array:
    """Return the whole value of a variable as an array."""
    return variable.numpy() if mesh_of(variable) is None else dtensor.numpy(variable)


def read(variable: Variable) -> Array:
    """Return the same as `numpy`, without a copy where there is a CPU: nothing can be written to it."""
    # What is assigned to the variable later goes elsewhere, as TensorFlow sees that this is still in use.
    if mesh_of(variable) is not None:
        return dtensor.numpy(variable)
    value = variable.read_value()
    # NumPy refuses what TensorFlow makes of a scalar in half precision.
    return np.asarray(value if value.shape.rank else value.numpy())
