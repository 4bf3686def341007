"""The abstract Processor: one object that takes part in one or more stages of a step."""

from __future__ import annotations

from ._config.constructor import Configured
from ._state.stateful import Stateful

__all__ = ["Processor"]


class Processor(Configured, Stateful):
    """Base of processors with a config or with state.

    A subclass names its `Config`, marks its stages with `hookimpl`, and, if it keeps state,
    creates it in `build`. `only`, `skip` and `min_ndim` of the config are applied by the
    pipeline: a hook sees the chosen gradients and variables and no others. A hook without
    config and state needs no base class at all.

    Raises
    ------
    ConfigError
        If a hyperparameter breaks a rule of the config.

    Examples
    --------
    >>> import optiplug, tensorflow as tf
    >>> class ScaleConfig(optiplug.ProcessorConfig):
    ...     factor: optiplug.PositiveFloat = 0.5
    >>> class Scale(optiplug.Processor):
    ...     Config = ScaleConfig
    ...     @optiplug.hookimpl
    ...     def clip(self, gradients, step):
    ...         return [gradient * self.config.factor for gradient in gradients]
    >>> ScaleConfig.implementation = Scale
    >>> weight = tf.Variable(1.0)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[Scale(factor=0.25)])
    >>> _ = optimizer.apply_gradients([(tf.constant(2.0), weight)])
    >>> float(weight)
    0.5
    """

    accumulates = False
    """Whether its gate holds gradients back: it then sees all variables, and `step.given`."""

    @property
    def before_sum(self) -> bool:
        """Whether its gate takes each replica's own gradients, before they are summed over replicas.

        They are summed when it proceeds, so it has to decide alike on all of them. What it keeps meanwhile is
        another thing on each replica: see `summed_while` of `add_slot`. On one replica it is a gate like
        others.
        """
        return False

    @property
    def idle(self) -> bool:
        """Whether the hyperparameters make this processor change nothing: it then stays out of the step."""
        return False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.config!r}>"
