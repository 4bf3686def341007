"""Model, data and optimizer under one strategy, and the one function that takes a step."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from optiplug import Optimizer, Task, Tensor, Variable

from .config import TrainConfig
from .devices import make_strategy
from .readings import Readings

__all__ = ["READINGS", "Trainer"]

READINGS = ("loss", "learning_rate", "gradient_norm")


class Trainer:
    """Everything that a step touches, made from a config.

    `step` takes the number of steps done before it (a scalar int64 tensor) and returns the
    `READINGS` of this step as one float32 vector, which nobody has to wait for.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.strategy = make_strategy(config.devices)
        # Some optimizers, such as a partition, have no rate of their own.
        self._readings = Readings(name="readings", rate=hasattr(config.optimizer, "learning_rate"))
        watched = (self._readings, *config.optimizer.processors)
        with self.strategy.scope():
            self.task: Task = config.task.create()
            self.task.build(config.seed)
            optimizer = config.optimizer.model_copy(update={"processors": watched})
            self.optimizer: Optimizer = optimizer.create()
            self.optimizer.build(self.task.variables)
        self.step = tf.function(self._step)

    @property
    def variables(self) -> dict[str, Variable]:
        """The variables of the model, by name."""
        return {variable.name.rsplit(":", 1)[0]: variable for variable in self.task.variables}

    def evaluate(self) -> Mapping[str, float]:
        """Return what the task says of the current variables."""
        return self.task.evaluate()

    def finalize(self) -> None:
        """Put the final values, such as averages, in place of the variables."""
        with self.strategy.scope():
            self.optimizer.finalize_variable_values(self.task.variables)

    def _step(self, step: Tensor) -> Tensor:
        losses = self.strategy.run(self._replica_step, args=(step,))
        loss = self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)
        rate, norm = self._readings.learning_rate, self._readings.gradient_norm
        return tf.stack([tf.cast(loss, tf.float32), rate.value, norm.value])

    def _replica_step(self, step: Tensor) -> Tensor:
        """Take this replica's part in a step; its losses and gradients are summed over the replicas."""
        batch, losses = self._batch_of_replica(step), []

        def loss() -> Tensor:
            losses.append(self.task.loss(*batch) / self.config.devices)
            return losses[-1]

        # Not by a tape of its own: an optimizer may scale the loss, or evaluate it twice.
        self.optimizer.minimize(loss, self.task.variables)
        return losses[0]

    def _batch_of_replica(self, step: Tensor) -> tuple[Tensor, ...]:
        config = self.config
        batch = self.task.batch(step, config.batch_size, config.seed)
        if config.devices == 1:
            return batch
        size = config.batch_size // config.devices
        first = tf.distribute.get_replica_context().replica_id_in_sync_group * size
        return tuple(tensor[first : first + size] for tensor in batch)
