"""The problem of `worker_matrix`, trained by the replicas of one process."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from support import worker_matrix
from support.strategies import central_storage, mirrored, on_every_device, one_device
from support.worker_matrix import BATCH

PLACES = {
    "mirrored 2": lambda: mirrored(2),
    "mirrored 4": lambda: mirrored(4),
    "one device": one_device,
    "central storage": central_storage,
}


class Run(worker_matrix.Run):
    """A run of which each replica takes its part of a batch, unless a data set has split it."""

    def step(self, x: Any, late: bool = False) -> None:
        context = tf.distribute.get_replica_context()
        if x.shape[0] == BATCH:
            size = BATCH // context.num_replicas_in_sync
            x = tf.slice(x, [context.replica_id_in_sync_group * size, 0], [size, x.shape[1]])
        super().step(x, late)

    def values(self) -> dict[str, Any]:
        """Return model and state by name, the same on each device, and the final values."""
        known = [*self.variables, self.late, *self.optimizer.state.states.values()]
        first, *others = on_every_device(self.strategy, known)
        for other in others:
            for one, same in zip(first, other, strict=True):
                np.testing.assert_array_equal(same, one)
        return super().values()
