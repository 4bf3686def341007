"""Model, data and optimizer under one strategy, and the one function that takes a step."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import BrokenPluginError, ConfigError, Optimizer, Tensor, Variable

from .cluster import Cluster
from .config import TrainConfig
from .devices import device_names, devices_of_all, join_workers, make_strategy
from .readings import Readings, with_rates
from .tasks import built, checked_batch, checked_figures, checked_loss, state_of
from .workers import Workers

__all__ = ["Trainer"]


class Trainer:
    """Everything that a step touches, made from a config.

    `step` takes the number of steps done before it (a scalar int64 tensor) and returns the `readings`
    of this step as one float32 vector, which nobody has to wait for. The gradient norm is -1 where no
    step was made, since it was held back or dropped. It is traced here, so that a task or an optimizer
    that cannot be trained is known before anything is written.

    Of several workers each hands over a number for each of them, too, and after the readings come the sums.
    """

    def __init__(self, config: TrainConfig, cluster: Cluster | None = None) -> None:
        self.config = config
        if cluster is None:
            self.devices = device_names(config.devices or 1)
            self.strategy = make_strategy(self.devices)
        else:
            self.strategy = join_workers(cluster)
            self.devices = devices_of_all(self.strategy, len(cluster))
        self.replicas: int = self.strategy.num_replicas_in_sync
        self.workers = Workers(self.strategy, cluster)
        if cluster is not None:
            # Before variables are made, which is done together.
            self.workers.require_same({**config.dump(), "versions": {}})
        self._require_shares()
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
            told = None if cluster is None else tf.TensorSpec((len(cluster),), tf.float32)
            self.step.get_concrete_function(tf.TensorSpec((), tf.int64), told)
        except ValueError as error:
            # The words of Keras, which programs look for.
            if "No gradients provided for any variable" not in str(error):
                raise
            where, names = f"{type(self.task).__name__}.loss", list(self.variables)
            raise BrokenPluginError("must depend on the variables", where=where, received=names) from None

    def _require_shares(self) -> None:
        if self.config.batch_size % self.replicas:
            rule = f"must be equal shares for {self.replicas} replicas, of {self.workers.count} workers"
            raise ConfigError(rule, where="batch_size", received=self.config.batch_size)

    @property
    def values(self) -> dict[str, object]:
        """What a checkpoint has of it, by name."""
        values: dict[str, object] = {"variables": self.variables, "optimizer": self.optimizer}
        return {**values, "state": self.state} if self.state else values

    @property
    def is_sharded(self) -> bool:
        """Whether each worker may have a part of the state, so that all have to read it at a time."""
        plain = self.config.optimizer.dump()
        spread = (("sharded_state", True), ("sum_over_replicas", "last_call"))
        return not self.workers.alone and any(_has(plain, *each) for each in spread)

    @property
    def device(self) -> str:
        """The sort of device that computes: CPU or GPU."""
        return self.devices[0].split(":")[-2].strip()

    @property
    def variables(self) -> dict[str, Variable]:
        """The variables of the model, by name."""
        return {variable.name.rsplit(":", 1)[0]: variable for variable in self.task.variables}

    @property
    def state(self) -> dict[str, Variable]:
        """What the task keeps beside them, by name; empty for most."""
        return state_of(self.task)

    def evaluate(self) -> dict[str, float]:
        """Return what the task says of the current variables."""
        figures = checked_figures(self.task, self.task.evaluate(), self._figures)
        self._figures = list(figures)
        return figures

    def finalize(self) -> None:
        """Put the final values, such as averages, in place of the variables."""
        with self.strategy.scope():
            self.optimizer.finalize_variable_values(self.task.variables)

    def _step(self, step: Tensor, told: Tensor | None = None) -> Tensor:
        # Those of this step: afterwards schedules are one ahead.
        rates = [tf.cast(each.learning_rate, tf.float32) for each in self._with_rates.values()]
        before = tf.convert_to_tensor(self.optimizer.iterations)
        shares = self.strategy.run(self._replica_step, args=(step, told))
        sums = self.strategy.reduce(tf.distribute.ReduceOp.SUM, shares, axis=None)
        loss, *heard = tf.unstack(tf.cast(sums, tf.float32))
        committed, norm = tf.not_equal(self.optimizer.iterations, before), self._readings.gradient_norm.value
        return tf.stack([loss, *rates, tf.where(committed, norm, -tf.ones_like(norm)), *heard])

    def _replica_step(self, step: Tensor, told: Tensor | None) -> Tensor:
        """Take this replica's part in a step; its losses and gradients are summed over the replicas."""
        batch, losses = self._batch_of_replica(step), []

        def loss() -> Tensor:
            losses.append(checked_loss(self.task, batch) / self.replicas)
            return losses[-1]

        # Not by a tape of its own: an optimizer may scale the loss, or evaluate it twice.
        self.optimizer.minimize(loss, self.task.variables)
        if told is None:
            return tf.stack(losses[:1])
        # In one sum with the loss, since each is a journey to the other workers.
        share = tf.cast(told, losses[0].dtype) * self.workers.count / self.replicas
        return tf.concat([losses[:1], share], axis=0)

    def _batch_of_replica(self, step: Tensor) -> tuple[Tensor, ...]:
        config = self.config
        batch = checked_batch(
            self.task, self.task.batch(step, config.batch_size, config.seed), config.batch_size
        )
        if self.replicas == 1:
            return batch
        size = config.batch_size // self.replicas
        first = tf.distribute.get_replica_context().replica_id_in_sync_group * size
        return tuple(tensor[first : first + size] for tensor in batch)


def _has(plain: object, name: str, value: object) -> bool:
    """Say whether a field of this name has this value anywhere in plain values."""
    if isinstance(plain, dict):
        return plain.get(name) == value or any(_has(each, name, value) for each in plain.values())
    return isinstance(plain, list) and any(_has(each, name, value) for each in plain)
