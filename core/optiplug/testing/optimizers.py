"""Checks of optimizers: what their formula promises, and how it is written."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import tensorflow as tf

from optiplug import registry
from optiplug._config.base import with_fields
from optiplug._config.kinds import OptimizerConfig
from optiplug._types import Tensor
from optiplug.errors import ConfigError, PluginError

from .check import NotApplicable, check, require
from .subjects import alone, optimizer_of
from .training import SHAPES, Training, compare, gradients, reference, restarted

_KIND = "optimizers"


@check(_KIND)
def names_its_source(config: OptimizerConfig) -> None:
    """Its config says in `paper` where the formula comes from."""
    require(config.paper.strip(), "`paper` must name a paper, or whose own work it is")


@check(_KIND)
def zero_gradient_is_a_fixed_point(config: OptimizerConfig) -> None:
    """A first gradient of zero moves nothing, if there is no weight decay."""
    training = restarted(alone(config))
    before = training.model_values()
    training.step({name: np.zeros(shape) for name, shape in SHAPES.items()})
    compare(training.model_values(), before, "after a gradient of zero", 1e-6)


@check(_KIND)
def survives_large_gradients(config: OptimizerConfig) -> None:
    """Gradients of the order of 1e10 leave every variable finite."""
    training = restarted(alone(config))
    training.run(of=lambda step: {name: value * 1e10 for name, value in gradients(step).items()})
    for name, value in training.model_values().items():
        require(np.isfinite(value).all(), "must stay finite", where=name, received=value.tolist())


@check(_KIND)
def learning_rate_can_change(config: OptimizerConfig) -> None:
    """A learning rate that is assigned between steps counts from the next one on, without a new trace."""
    rate = getattr(config, "learning_rate", None)
    if not isinstance(rate, int | float) or not rate:
        raise NotApplicable("its learning rate is no number that could be changed")
    usual = reference(config, compiled=False).model_values()
    training = restarted(config).run(last=2)
    traced = training.optimizer.trace_count
    training.optimizer.learning_rate = 2 * rate
    training.run(2)
    actual = training.model_values()
    changed = any((actual[name] != usual[name]).any() for name in usual)
    require(changed, "the learning rate must be read by `self.rate(variable)` at each step")
    again = training.optimizer.trace_count - traced
    require(not again, "a new learning rate must not trace the step again", received=again)


@check(_KIND)
def attributes_act_as_the_config(config: OptimizerConfig) -> None:
    """A hyperparameter that is set on an optimizer before it is built acts as one in its config."""
    changed = config
    for name, value in dict(config).items():
        optimizer = optimizer_of(config)
        if isinstance(value, float) and value and not hasattr(type(optimizer), name):
            with suppress(ConfigError):  # two that belong together may not fit any more
                changed = with_fields(changed, **{name: value / 2})
    if changed == config:
        raise NotApplicable("it has no number among its hyperparameters beside the learning rate")
    training, expected = (Training(each, jit_compile=False) for each in (config, changed))
    for name, value in dict(changed).items():
        if value != getattr(config, name):
            setattr(training.optimizer, name, value)
    compare(
        training.run(last=2).model_values(),
        expected.run(last=2).model_values(),
        "with hyperparameters set as attributes, which must be read from `self.config` at each step",
    )


@check(_KIND)
def weight_decay_is_decoupled(config: OptimizerConfig) -> None:
    """One step with `weight_decay` differs from one without by ``-variable * weight_decay * rate``.

    That is so for the variables that the optimizer updates itself, and no others change.
    """
    if config.own_weight_decay:
        raise NotApplicable("its weight decay is a part of its formula")
    plain = restarted(alone(config))
    before = plain.model_values()
    # Not of the optimizer: one without a rate of its own may have that of one inside.
    rate = 0.0 if getattr(config, "learning_rate", None) is None else float(plain.optimizer.learning_rate)
    if not rate:
        raise NotApplicable("its first step has no learning rate")
    try:
        registry.find("processors", "weight_decay")
    except PluginError as error:
        raise NotApplicable(str(error)) from None
    decayed = Training(alone(config), jit_compile=False, weight_decay=0.5 / rate)
    plain.run(last=1)
    decayed.run(last=1)
    own = set(map(decayed.optimizer.path, decayed.optimizer.own_variables))
    expected = {
        name: value - 0.5 * before[name] if name in own else value
        for name, value in plain.model_values().items()
    }
    compare(decayed.model_values(), expected, "with weight decay", 1e-6)


@check(_KIND)
def descends_a_quadratic(config: OptimizerConfig) -> None:
    """Within 100 steps on a convex quadratic the loss falls, if there is no weight decay."""
    training = restarted(alone(config))

    def offsets() -> dict[str, Tensor]:
        return {name: each - 0.5 for name, each in training.variables.items()}

    def loss() -> float:
        return sum(float(tf.reduce_sum(each**2)) for each in offsets().values())

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def descend() -> None:
        def step(index: Tensor) -> list[Tensor]:
            training.apply(offsets())
            return [index + 1]

        tf.while_loop(lambda index: index < 100, step, [0], parallel_iterations=1)

    before = loss()
    descend()
    after = loss()
    require(after < before, "the loss must fall", received=(before, after))
