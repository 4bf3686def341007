"""The check of distribution: two devices are as good as one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import tensorflow as tf

from optiplug._config.base import NamedConfig
from optiplug._hookspecs import hook_names
from optiplug._types import Strategy, Tensor

from .check import NotApplicable, check
from .training import STEPS, Training, Values, compare, gradients, reference


@check("optimizers", "processors", "schedules")
def same_on_two_devices(config: NamedConfig) -> None:
    """Two replicas with half of each gradient end bit for bit alike, and as one device with all of it."""
    if any("pre_aggregate" in hook_names(each) for each in reference(config).optimizer.processors):
        raise NotApplicable("it changes the gradients of each replica")
    strategy = _two_replicas()
    with strategy.scope():
        training = Training(config)  # compiled, as only then two traces of one step have the same bits
        training.build()  # here, as TensorFlow traces a function twice that creates variables

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def step(values: Mapping[str, Tensor]) -> None:
        strategy.run(training.step, args=(values,))

    for index in range(STEPS):
        step({name: tf.constant(value / 2, tf.float32) for name, value in gradients(index).items()})
    first, second = (_on_device(strategy, training, device) for device in range(2))
    compare(second, first, "on the second device")
    compare(first, reference(config).values(), "on two devices", 1e-6)


def _on_device(strategy: Strategy, training: Training, device: int) -> Values:
    model = {
        f"variable {name}": strategy.experimental_local_results(each)
        for name, each in training.variables.items()
    }
    states = {name: state.components for name, state in training.optimizer.state.states.items()}
    return {name: each[device].numpy() for name, each in (model | states).items()}


@cache
def _two_replicas() -> Strategy:
    """Return the one strategy of this process.

    It copies through one device: collectives are numbered from the same start by every strategy
    object, so those of a second one, such as a test's own, would meet them.
    """
    if len(tf.config.list_logical_devices("CPU")) < 2:
        raise NotApplicable("needs two logical CPUs: tf.config.set_logical_device_configuration")
    return tf.distribute.MirroredStrategy(["cpu:0", "cpu:1"], tf.distribute.HierarchicalCopyAllReduce())
