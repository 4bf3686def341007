"""Where a run can be: the replicas of a strategy, or a mesh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.experimental import dtensor

from support.meshes import laid_out, mesh, on_every_device_of_a_mesh
from support.strategies import on_each_replica, on_every_device

Values = dict[str, Any]
Step = Callable[[Any], Any]


@dataclass(frozen=True)
class OnStrategy:
    """The replicas of a strategy, which is made when devices are known; the default one without any."""

    make: Callable[[], Any] = tf.distribute.get_strategy

    def scope(self) -> Any:
        return self.make().scope()

    def variable(self, array: Any, name: str) -> Any:
        return tf.Variable(array, name=name)

    def on_each_replica(self, step: Step, mode: str) -> Step:
        """Return a step that hands each replica its own entry of a list.

        It runs eagerly, in a function ("graph"), or in one that is compiled whole ("xla").
        """
        if mode == "xla":
            step = tf.function(step, jit_compile=True)
        return on_each_replica(self.make(), step, graph=mode == "graph")

    def on_batches(self, step: Step, mode: str) -> Step:
        """Return a step that splits a batch among the replicas."""
        replicas = self.on_each_replica(step, mode)
        return lambda batch: replicas(np.split(batch, self.make().num_replicas_in_sync))

    def values(self, variables: Mapping[str, Any]) -> list[Values]:
        """Return the value of each variable on each device."""
        every = on_every_device(self.make(), list(variables.values()))
        return [dict(zip(variables, device, strict=True)) for device in every]


@dataclass(frozen=True)
class OnMesh:
    """A mesh of dimensions x and y; `specs` says by which of them each variable, and the batch, is split."""

    specs: Mapping[str, Sequence[str]]
    sizes: tuple[int, int] = (2, 2)

    def scope(self) -> AbstractContextManager[None]:
        return nullcontext()

    def tensor(self, array: Any, name: str = "") -> Any:
        """Lay out an array as what has this name, or replicated."""
        return laid_out(mesh(*self.sizes), array, self.specs.get(name, []))

    def variable(self, array: Any, name: str) -> Any:
        return dtensor.DVariable(self.tensor(array, name), name=name)

    def on_batches(self, step: Step, mode: str) -> Step:
        """Return a step that lays out a batch; it runs eagerly or in a function ("graph")."""
        run = tf.function(step) if mode == "graph" else step
        return lambda batch: run(self.tensor(batch, "batch"))

    def values(self, variables: Mapping[str, Any]) -> list[Values]:
        """Return the value of each variable on each device, or the whole where no device has all of it."""
        every = zip(*map(on_every_device_of_a_mesh, variables.values()), strict=True)
        return [dict(zip(variables, device, strict=True)) for device in every]


Place = OnStrategy | OnMesh

ONE = OnStrategy()
REPLICATED = OnMesh({})
BY_BATCH = OnMesh({"batch": ["x"]})
BY_MODEL = OnMesh({"kernel": ["", "y"], "bias": ["y"], "table": ["x", "y"]})
BY_BOTH = OnMesh({"batch": ["x"], "kernel": ["", "y"], "bias": ["y"], "table": ["y"]})
OTHERWISE = OnMesh({"kernel": ["x", "y"], "bias": ["x"], "table": ["", "x"]})
FOUR_BY_ONE = OnMesh({"kernel": ["x"], "table": ["", "x"]}, (4, 1))
ONE_BY_FOUR = OnMesh({"kernel": ["y"], "table": ["x", "y"]}, (1, 4))
