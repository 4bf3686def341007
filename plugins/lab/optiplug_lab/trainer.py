"""Model, data and optimizer under one strategy, and the one function that takes a step."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import BrokenPluginError, Optimizer, Tensor, Variable

from .config import TrainConfig
from .devices import device_names, make_strategy
from .readings import Readings, with_rates
from .tasks import built, checked_batch, checked_figures, checked_loss

__all__ = ["Trainer"]


class Trainer:
    """Everything that a step touches, made from a config.

    `step` takes the number of steps done before it (a scalar int64 tensor) and returns the `readings`
    of this step as one float32 vector, which nobody has to wait for. The gradient norm is -1 where no
    step was made, since it was held back or dropped. It is traced here, so that a task or an optimizer
    that cannot be trained is known before anything is written.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.devices = device_names(config.devices)
        self.strategy = make_strategy(self.devices)
        self._readings = Readings(name="readings")
        watched = (self._readings, *config.optimizer.processors)
        with self.strategy.scope():
            self.task = built(config.task, config.seed)
            optimizer = config.optimizer.model_copy(update={"processors": watched})
            self.optimizer: Optimizer = optimizer.create()
            self.optimizer.build(self.task.variables)
        self._with_rates = dict(with_rates(self.optimizer))
        self.readings = ("loss", *self._with_rates, "gradient_norm")
        self._figures: Sequence[str] | None = None
        self.step = tf.function(self._step)
        try:
            self.step.get_concrete_function(tf.TensorSpec((), tf.int64))
        except ValueError as error:
            # The words of Keras, which programs look for.
            if "No gradients provided for any variable" not in str(error):
                raise
            where, names = f"{type(self.task).__name__}.loss", list(self.variables)
            raise BrokenPluginError("must depend on the variables", where=where, received=names) from None

    @property
    def variables(self) -> dict[str, Variable]:
        """The variables of the model, by name."""
        return {variable.name.rsplit(":", 1)[0]: variable for variable in self.task.variables}

    def evaluate(self) -> dict[str, float]:
        """Return what the task says of the current variables."""
        figures = checked_figures(self.task, self.task.evaluate(), self._figures)
        self._figures = list(figures)
        return figures

    def finalize(self) -> None:
        """Put the final values, such as averages, in place of the variables."""
        with self.strategy.scope():
            self.optimizer.finalize_variable_values(self.task.variables)

    def _step(self, step: Tensor) -> Tensor:
        # Those of this step: afterwards schedules are one ahead.
        rates = [tf.cast(each.learning_rate, tf.float32) for each in self._with_rates.values()]
        before = tf.convert_to_tensor(self.optimizer.iterations)
        losses = self.strategy.run(self._replica_step, args=(step,))
        loss = self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)
        loss = tf.cast(loss, tf.float32)
        committed, norm = tf.not_equal(self.optimizer.iterations, before), self._readings.gradient_norm.value
        return tf.stack([loss, *rates, tf.where(committed, norm, -tf.ones_like(norm))])

    def _replica_step(self, step: Tensor) -> Tensor:
        """Take this replica's part in a step; its losses and gradients are summed over the replicas."""
        batch, losses = self._batch_of_replica(step), []

        def loss() -> Tensor:
            losses.append(checked_loss(self.task, batch) / self.config.devices)
            return losses[-1]

        # Not by a tape of its own: an optimizer may scale the loss, or evaluate it twice.
        self.optimizer.minimize(loss, self.task.variables)
        return losses[0]

    def _batch_of_replica(self, step: Tensor) -> tuple[Tensor, ...]:
        config = self.config
        batch = checked_batch(
            self.task, self.task.batch(step, config.batch_size, config.seed), config.batch_size
        )
        if config.devices == 1:
            return batch
        size = config.batch_size // config.devices
        first = tf.distribute.get_replica_context().replica_id_in_sync_group * size
        return tuple(tensor[first : first + size] for tensor in batch)
