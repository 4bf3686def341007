"""What a check steps: an optimizer for any config that takes part in a step."""

from __future__ import annotations

from typing import Any

from optiplug._config.base import NamedConfig
from optiplug._config.hyperparameters import NonNegativeScalar
from optiplug._config.kinds import OptimizerConfig, ProcessorConfig
from optiplug._optimizer.optimizer import Optimizer
from optiplug._types import Tensor
from optiplug._variables.capture import Working

__all__ = ["Descent", "DescentConfig", "alone", "optimizer_of"]


class DescentConfig(OptimizerConfig):
    """Plain gradient descent."""

    implementation = "optiplug.testing.subjects:Descent"
    elementwise = True
    complex_variables = True

    learning_rate: NonNegativeScalar = 0.25
    """Factor of the gradient in each step."""


class Descent(Optimizer):
    """Plain gradient descent without state: the ground on which processors and schedules are tried.

    >>> import tensorflow as tf
    >>> weight = tf.Variable(1.0)
    >>> _ = Descent().apply_gradients([(tf.constant(2.0), weight)])
    >>> print(weight.numpy())
    0.5
    """

    Config = DescentConfig

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Move one variable down its gradient."""
        variable.assign_sub(self.rate(variable) * gradient)


def optimizer_of(config: NamedConfig, **fields: Any) -> Optimizer:
    """Return an optimizer that runs what `config` configures.

    That is the optimizer itself, or a `Descent` with this processor or this learning rate.
    `fields` are further fields of the optimizer's config.

    >>> from optiplug import registry
    >>> optimizer_of(registry.get("schedules", "constant")(value=0.5)).config.learning_rate.value
    0.5
    """
    if isinstance(config, OptimizerConfig):
        chosen = config.model_copy(update=fields)
    elif isinstance(config, ProcessorConfig):
        chosen = DescentConfig(processors=(config,), **fields)
    else:
        chosen = DescentConfig(**{"learning_rate": config, **fields})
    optimizer: Optimizer = chosen.create()
    return optimizer


def alone(config: OptimizerConfig) -> OptimizerConfig:
    """Return the config of the same optimizer without the processors around it.

    >>> alone(DescentConfig(clipnorm=1.0)).clipnorm is None
    True
    """
    off: dict[str, Any] = dict.fromkeys(("clipnorm", "clipvalue", "global_clipnorm"))
    off |= {"exclude_from_weight_decay": (), "use_ema": False, "processors": ()}
    off |= {"ema_momentum": 0.99, "ema_overwrite_frequency": None}  # which need `use_ema`
    if config.weight_decay:  # None stays, so that a config without anything around it stays equal
        off["weight_decay"] = 0.0
    return config.model_copy(update=off)
