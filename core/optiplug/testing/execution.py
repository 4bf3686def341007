"""Checks of how a step runs: traced, compiled, on several devices, always the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import tensorflow as tf

from optiplug.config import OptimizerConfig
from optiplug.hooks import hook_names
from optiplug.named import NamedConfig

from .check import NotApplicable, check, require
from .problems import STEPS, Training, compare, gradients, reference

_RUNNING = ("optimizers", "processors", "schedules")
_TOLERANCE = 1e-6  # where XLA may round in another order than TensorFlow


@check(*_RUNNING)
def traces_once(config: NamedConfig) -> None:
    """One trace serves every step, whatever the gradients are."""
    count = reference(config).optimizer.trace_count
    require(count == 1, f"the step must be traced once in {STEPS} steps", received=count)


@check(*_RUNNING)
def traced_equals_python(config: NamedConfig) -> None:
    """A traced step gives what its Python code gives when that runs anew at each step.

    A counter in Python, a value that NumPy computed or a clock would be frozen in the trace.
    """
    with _functions_run_as_python():
        actual = Training(config).run().values()
    compare(actual, reference(config).values(), "run as Python", _TOLERANCE)


@check(*_RUNNING)
def uncompiled_equals_compiled(config: NamedConfig) -> None:
    """With ``jit_compile=False`` the numbers are the same, but for rounding."""
    actual = Training(config, jit_compile=False).run().values()
    compare(actual, reference(config).values(), "not compiled", _TOLERANCE)


@check(*_RUNNING)
def same_bits_in_graph_and_xla(config: NamedConfig) -> None:
    """Inside a `tf.function`, compiled or not, a step gives the same bits as when it is called."""
    if isinstance(config, OptimizerConfig) and not config.jit_compile:
        raise NotApplicable("jit_compile is off")
    expected = reference(config).values()
    for what, options in {"in a tf.function": {}, "in a compiled one": {"jit_compile": True}}.items():
        function = partial(tf.function, autograph=False, **options)
        compare(Training(config, through=function).run().values(), expected, what)


@check(*_RUNNING)
def assigns_declared_state_only(config: NamedConfig) -> None:
    """A step touches the model's variables and what the optimizer lists as its own, nothing else."""
    training = Training(config, through=partial(tf.function, autograph=False))
    training.run(last=1)
    graph = training.apply.get_concrete_function(  # type: ignore[attr-defined]  # of tf.function
        {name: tf.constant(value, tf.float32) for name, value in gradients(0).items()}
    ).graph
    declared = {id(each) for each in (*training.variables.values(), *training.optimizer.variables)}
    strangers = [each.name for each in graph.variables if id(each) not in declared]
    hint = "create state with add_slot or add_state"
    require(not strangers, "all state must be declared", received=strangers, hint=hint)


@check(*_RUNNING)
def same_on_two_devices(config: NamedConfig) -> None:
    """Two replicas with half of each gradient end as one device with all of it, bit for bit alike."""
    if any("pre_aggregate" in hook_names(each) for each in reference(config).optimizer.processors):
        raise NotApplicable("it changes the gradients of each replica")
    strategy = _two_replicas()
    with strategy.scope():
        training = Training(config)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def step(values: Any) -> None:
        strategy.run(training.step, args=(values,))

    for index in range(STEPS):
        step({name: tf.constant(value / 2, tf.float32) for name, value in gradients(index).items()})
    first, second = (_on_device(strategy, training, device) for device in range(2))
    compare(second, first, "on the second device")
    compare(first, reference(config).values(), "on two devices", _TOLERANCE)


def _on_device(strategy: Any, training: Training, device: int) -> dict[str, Any]:
    states = {name: state.variable for name, state in training.optimizer.state.states.items()}
    every = {f"variable {name}": each for name, each in training.variables.items()} | states
    return {name: strategy.experimental_local_results(each)[device].numpy() for name, each in every.items()}


@cache
def _two_replicas() -> Any:
    """Return the one strategy of this process.

    It copies through one device: collectives are numbered from the same start by every strategy
    object, so those of a second one, such as a test's own, would meet them.
    """
    if len(tf.config.list_logical_devices("CPU")) < 2:
        raise NotApplicable("needs two logical CPUs: tf.config.set_logical_device_configuration")
    return tf.distribute.MirroredStrategy(["cpu:0", "cpu:1"], tf.distribute.HierarchicalCopyAllReduce())


@contextmanager
def _functions_run_as_python() -> Iterator[None]:
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
