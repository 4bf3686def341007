"""DTensor over the logical devices of the tests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.experimental import dtensor

import optiplug


@cache
def mesh(*sizes: int) -> Any:
    """Return the mesh of these sizes, with the dimensions x, y, ..."""
    devices = [f"CPU:{index}" for index in range(int(np.prod(sizes)))]
    return dtensor.create_mesh(list(zip("xyz", sizes, strict=False)), devices=devices)


def laid_out(on: Any, array: Any, specs: Sequence[str] = ()) -> Any:
    """Return a DTensor; `specs` are the dimensions of the mesh that split the first axes, "" for none."""
    array = np.asarray(array)
    axes = [spec or dtensor.UNSHARDED for spec in specs] + [dtensor.UNSHARDED] * (array.ndim - len(specs))
    whole = dtensor.copy_to_mesh(tf.constant(array), dtensor.Layout.replicated(on, array.ndim))
    return dtensor.relayout(whole, dtensor.Layout(axes, on))


def whole(variable: Any) -> Any:
    """Return all of a variable, wherever it is, as an array."""
    if not isinstance(variable, dtensor.DVariable):
        return variable.numpy()
    replicated = dtensor.Layout.replicated(variable.layout.mesh, variable.shape.rank)
    return dtensor.relayout(variable.read_value(), replicated).numpy()


def on_every_device_of_a_mesh(variable: Any) -> list[Any]:
    """Return a variable's value on each device, or all of it as often where no device has all of it."""
    variable = variable.variable if isinstance(variable, optiplug.State) else variable
    if variable.layout.is_fully_replicated():
        return [each.numpy() for each in dtensor.unpack(variable.read_value())]
    return [whole(variable)] * variable.layout.mesh.size
