"""The check of meshes: variables that DTensor has split up are as good as whole ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.experimental import dtensor

from optiplug import _distribution as distribution
from optiplug._config.base import NamedConfig
from optiplug._types import Mesh, Tensor
from optiplug.errors import ConfigError

from .check import NotApplicable, check, require
from .training import STEPS, Training, Values, compare, gradients

# Lengths that two devices can divide, and two of one shape that are laid out differently.
_SHAPES = {
    "encoder/table": (4, 2),
    "decoder/kernel": (4, 2),
    "decoder/tensor": (2, 4, 2),
    "bias": (4,),
    "scale": (),
}
_BATCH = {"inputs": (4, 4)}  # of what the kernel is multiplied with
_SPLIT = {
    "encoder/table": ("x", "y"),
    "decoder/kernel": ("", "y"),
    "decoder/tensor": ("", "x", "y"),
    "bias": ("x",),
    "inputs": ("x",),
}
_TOLERANCE = 1e-12


@check("optimizers", "processors", "schedules", risky=True)
def same_on_a_mesh(config: NamedConfig) -> None:
    """On a DTensor mesh it ends as without one, or `no_mesh` says why not.

    State of the shape of its variable is laid out as that is. What `no_mesh` says must be true, and `build`
    must refuse variables on a mesh, with that reason.
    """
    reason = getattr(config, "no_mesh", "")
    if not reason:
        if getattr(config, "sparse", "") == "lazy":
            raise NotApplicable("with `sparse: lazy` variables on a mesh are refused")
        _require_same(config)
        return
    _require_refusal(config, reason)
    if _mesh().size == 1:  # a single device may do what several cannot
        return
    try:
        _require_same(_undeclared(config))
    except Exception:  # noqa: BLE001  # whatever is wrong with it, it is as its config says
        return
    require(False, "`no_mesh` must be empty: it runs on a mesh", received=reason)


def _require_same(config: NamedConfig) -> None:
    split, whole = _Split(config), _Whole(config)
    for training in (whole, split):
        training.descend()
    compare(split.values(), whole.values(), "on a mesh", _TOLERANCE)
    table, layouts = split.optimizer.state, {name: each.layout for name, each in split.variables.items()}
    for name, (_, path) in table.homes.items():
        state = table.states[name].variable
        if state.shape == split.variables[path].shape:
            require(state.layout == layouts[path], "must be laid out as its variable", where=name)
    for training in (whole, split):
        training.optimizer.finalize_variable_values(list(training.variables.values()))
    compare(split.values(), whole.values(), "on a mesh, with final values", _TOLERANCE)


def _require_refusal(config: NamedConfig, reason: str) -> None:
    training = _Split(config)
    try:
        training.build()
    except ConfigError as refusal:
        require(reason in str(refusal), "a refusal must say why", received=str(refusal))
        return
    require(False, "must refuse variables on a mesh, as `no_mesh` says", received=reason)


def _undeclared(config: NamedConfig) -> NamedConfig:
    """Return the same config without the declaration."""
    kind: type[Any] = type(config)
    silent = type(kind.__name__, (kind,), {"no_mesh": "", "__module__": kind.__module__})
    undeclared: NamedConfig = silent(**dict(config))
    return undeclared


class _Whole(Training):
    """Variables in double precision, and an optimizer that minimizes a loss of them in a function."""

    def __init__(self, config: NamedConfig) -> None:
        super().__init__(config, shapes=_SHAPES, dtypes=dict.fromkeys(_SHAPES, "float64"), jit_compile=False)

    def descend(self) -> None:
        """Take the steps of the problem."""
        variables = list(self.variables.values())

        @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
        def step(given: Mapping[str, Tensor]) -> None:
            def loss() -> Tensor:
                offsets = [each - given[name] for name, each in self.variables.items()]
                outputs = tf.matmul(given["inputs"], self.variables["decoder/kernel"])
                return tf.add_n([tf.reduce_sum(tf.square(each)) for each in (*offsets, outputs)])

            self.optimizer.minimize(loss, variables)

        for index in range(STEPS):
            drawn = gradients(index, {**_SHAPES, **_BATCH})
            step({name: self.given(name, value) for name, value in drawn.items()})

    def given(self, name: str, value: Any) -> Tensor:
        """Return an array as it is given to a step."""
        return tf.constant(value, tf.float64)

    def model_values(self) -> Values:
        """Return every variable of the model by name."""
        return {name: distribution.numpy(each) for name, each in self.variables.items()}


class _Split(_Whole):
    """The same with variables that are laid out over a mesh."""

    def __init__(self, config: NamedConfig) -> None:
        super().__init__(config)
        self.variables = {
            name: dtensor.DVariable(self.given(name, each.numpy()), name=name)
            for name, each in self.variables.items()
        }

    def given(self, name: str, value: Any) -> Tensor:
        """Return an array, laid out as the variable of this name is."""
        mesh, plain = _mesh(), super().given(name, value)
        replicated = dtensor.Layout.replicated(mesh, plain.shape.rank)
        axes = [axis or dtensor.UNSHARDED for axis in _SPLIT.get(name, ())]
        axes += [dtensor.UNSHARDED] * (plain.shape.rank - len(axes))
        return dtensor.relayout(dtensor.copy_to_mesh(plain, replicated), dtensor.Layout(axes, mesh))


@cache
def _mesh() -> Mesh:
    """Return the mesh of the logical CPUs that there are: 2 x 2, 2 x 1, or of a single one."""
    count = len(tf.config.list_logical_devices("CPU"))
    sizes = (2, 2) if count >= 4 else (2, 1) if count >= 2 else (1, 1)
    devices = [f"CPU:{index}" for index in range(int(np.prod(sizes)))]
    return dtensor.create_mesh(list(zip("xy", sizes, strict=True)), devices=devices)
