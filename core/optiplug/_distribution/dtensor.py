"""DTensor: one program over variables that are laid out over a mesh of devices.

Gradients are those of the whole batch, so nothing has to be summed, and each variable is one
variable, so a step runs once. Every variable that a step assigns has to be on the mesh: a plain
one is assigned once for each device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import tensorflow as tf
from tensorflow.experimental import dtensor

from optiplug._tf_private import outside_function
from optiplug._types import Array, DType, Mesh, Shape, Tensor, Variable
from optiplug.errors import ConfigError, HookError, ReplicaContextError
from optiplug.numerics import after_drawing

from .first_value import first_value

__all__ = ["assign", "checked_mesh", "create", "mesh_of", "numpy", "require_one_mesh", "tracing"]

_OF_THE_HOUSE = ("/optiplug/", "/tensorflow/")


def checked_mesh(mesh: object) -> Mesh | None:
    """Return `mesh`, if it is one or None."""
    if mesh is None or isinstance(mesh, dtensor.Mesh):
        return mesh
    hint = "`tf.experimental.dtensor.create_mesh` makes one"
    raise ConfigError("`mesh` must be a tf.experimental.dtensor.Mesh", received=mesh, hint=hint)


def mesh_of(place: Variable | Mesh | None) -> Mesh | None:
    """Return the mesh that a variable is laid out over, a mesh itself, and None for anything else."""
    if isinstance(place, dtensor.Mesh):
        return place
    return place.layout.mesh if isinstance(place, dtensor.DVariable) else None


def require_one_mesh(variables: Iterable[Variable], mesh: Mesh | None = None) -> None:
    """Raise `ReplicaContextError` if some variables are on a mesh, and not all on the same, on `mesh`."""
    # Ids: DVariables are variables, and not hashable.
    meshes = {id(each): mesh_of(each) for each in variables}
    expected = mesh or next((each for each in meshes.values() if each is not None), None)
    if expected is None:
        return
    strangers = [each.name for each in variables if not _same(meshes[id(each)], expected)]
    if strangers:
        raise ReplicaContextError(
            f"every variable of a step must be a DVariable on the same mesh, here {_named(expected)}",
            received=strangers[:5],  # enough to see what is wrong
            hint="create the variables of the model as DVariables, and the optimizer with `mesh=`",
        )
    if tf.distribute.has_strategy():
        raise ReplicaContextError(
            "variables on a mesh cannot be used with a strategy",
            received=type(tf.distribute.get_strategy()).__name__,
            hint="DTensor itself splits the work: leave the strategy out",
        )


def create(
    place: Variable | Mesh | None,
    initial: Callable[[], Tensor | float],
    *,
    shape: Shape,
    dtype: DType,
    name: str,
) -> Variable:
    """Create a variable on the mesh of `place`: laid out as it if it has the same shape, else replicated."""
    # A step may be traced just now; variables are created outside of its function, once.
    with outside_function():
        shape = tf.TensorShape(shape)
        layout = dtensor.Layout.replicated(mesh_of(place), shape.rank)
        if isinstance(place, dtensor.DVariable) and place.shape == shape:
            layout = place.layout
        start = _on(layout.mesh, _first_value(initial, dtype))
        if start.shape != shape:  # each device makes no more than its own part
            start = dtensor.call_with_layout(tf.broadcast_to, layout, start, shape)
        return dtensor.DVariable(dtensor.relayout(start, layout), trainable=False, dtype=dtype, name=name)


def _first_value(initial: Callable[[], Tensor | float], dtype: DType) -> Tensor:
    try:
        return first_value(initial, dtype)
    except tf.errors.UnimplementedError:
        # Eagerly, DTensor takes no constants beside it but scalars; a function has its constants on the mesh.
        # One takes a tenth of a second, so it is for those that need it.
        return tf.function(partial(first_value, initial, dtype), autograph=False)()


def assign(variable: Variable, value: Tensor) -> None:
    """Assign a variable on a mesh, be the value there too or in one place."""
    variable.assign(_on(variable.layout.mesh, tf.cast(value, variable.dtype)))


def numpy(variable: Variable) -> Array:
    """Return the whole of a variable on a mesh as an array."""
    # A tensor that is split up has no `numpy`: each device holds its own part.
    whole = dtensor.Layout.replicated(variable.layout.mesh, variable.shape.rank)
    value: Array = dtensor.relayout(variable.read_value(), whole).numpy()
    return value


def _same(one: Mesh | None, other: Mesh | None) -> bool:
    return one is not None and bool(one == other)  # a mesh cannot be compared with None


@contextmanager
def tracing(mesh: Mesh) -> Iterator[None]:
    """Let a step be traced in which random numbers are those of a single device.

    Raises
    ------
    HookError
        If it chooses between tensors by a scalar, in which DTensor ends the process.
    """
    graph = tf.compat.v1.get_default_graph()
    known = len(graph.get_operations())

    def whole(bits: Tensor) -> Tensor:
        return dtensor.relayout(bits, dtensor.Layout.replicated(mesh, bits.shape.rank))

    # A variable and not an argument: hooks of plugins call `numerics` without knowing of meshes.
    token = after_drawing.set(whole)
    try:
        yield
    finally:
        after_drawing.reset(token)
    for operation in graph.get_operations()[known:]:
        _require_survivable(operation)


def _require_survivable(operation: tf.Operation) -> None:
    if operation.type not in ("Select", "SelectV2"):
        return
    condition, chosen, other = operation.inputs
    if condition.shape.rank == 0 and (chosen.shape.rank, other.shape.rank) != (0, 0):
        frames = [each for each in operation.traceback if not any(map(each[0].count, _OF_THE_HOUSE))]
        raise HookError(
            "on a mesh TensorFlow ends the process at a scalar condition of `tf.where`",
            where=f"{frames[-1][0]}:{frames[-1][1]}" if frames else operation.name,
            received=f"the condition of values of shape {operation.outputs[0].shape}",
            hint="write `numerics.where`",
        )


def _on(mesh: Mesh | None, value: Tensor) -> Any:
    if not tf.executing_eagerly() or dtensor.is_dtensor(value):
        return value
    return dtensor.copy_to_mesh(value, dtensor.Layout.replicated(mesh, value.shape.rank))


def _named(mesh: Mesh) -> str:
    sizes: Sequence[str] = [f"{name}: {mesh.dim_size(name)}" for name in mesh.dim_names]
    return f"{mesh.name or 'mesh'} ({', '.join(sizes)})"
