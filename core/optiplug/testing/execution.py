"""Checks of how a step runs: as Python, traced or compiled, always the same numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import tensorflow as tf

from optiplug._config.base import NamedConfig
from optiplug._config.kinds import OptimizerConfig
from optiplug._optimizer.parts import parts_of
from optiplug._types import Tensor
from optiplug.errors import ConfigError

from .check import NotApplicable, check, require
from .subjects import alone
from .training import SHAPES, STEPS, Training, compare, gradients, reference, restarted

# Of one shape and three axes, which a stack has one more of.
_TENSORS = {"encoder/tensor": (2, 3, 2), "decoder/tensor": (2, 3, 2)}
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
    with functions_run_as_python():
        actual = Training(config).run().values()
    compare(actual, reference(config).values(), "run as Python", _TOLERANCE)


@check(*_RUNNING)
def uncompiled_equals_compiled(config: NamedConfig) -> None:
    """With ``jit_compile=False`` the numbers are the same, but for rounding."""
    actual = reference(config, compiled=False).values()
    compare(actual, reference(config).values(), "not compiled", _TOLERANCE)


@check(*_RUNNING[:2])
def joined_equals_apart(config: NamedConfig) -> None:
    """What says that it is elementwise gives the same bits whether small variables come joined or not.

    What says that it is stackable gives the same numbers whether those of one shape come stacked or not.
    XLA may round a product of stacks in another order than one of matrices; so it may norms of all
    gradients together, as in a clip. A checkpoint of the one is one of the other.
    """
    elementwise, stackable = (getattr(config, each, False) for each in ("elementwise", "stackable"))
    if not (elementwise or stackable):
        raise NotApplicable("it is neither elementwise nor stackable")
    by_itself = isinstance(config, OptimizerConfig)
    subject: NamedConfig = config
    if isinstance(config, OptimizerConfig):
        subject = alone(config).model_copy(update={"pack_small_variables": True})
    shapes = SHAPES if elementwise else {**SHAPES, **_TENSORS}
    joined = restarted(subject, compiled=True) if elementwise else Training(subject, shapes=shapes)
    apart = Training(subject, shapes=shapes, pack_small_variables=False)
    pair = joined, apart
    for each in pair:
        each.build()
        each.run(of=partial(gradients, shapes=shapes))
    ended = joined.values(), apart.values()
    exact = by_itself and elementwise
    compare(*ended, f"with variables {'joined' if elementwise else 'stacked'}", 0 if exact else _TOLERANCE)
    with tempfile.TemporaryDirectory() as folder:
        paths = [each.checkpoint().write(str(Path(folder, str(place)))) for place, each in enumerate(pair)]
        for other, path, expected in zip(reversed(pair), paths, ended, strict=True):
            other.restart().checkpoint().read(path).assert_consumed()
            compare(other.values(), expected, "joined or taken apart by a checkpoint")


@check(*_RUNNING)
def same_bits_in_graph_and_xla(config: NamedConfig) -> None:
    """Inside a `tf.function`, compiled or not, a step gives the same bits as when it is called.

    Where small variables are joined inside a compiled one, XLA may round otherwise.
    """
    if isinstance(config, OptimizerConfig) and not config.jit_compile:
        raise NotApplicable("jit_compile is off")
    expected = reference(config).values()
    for what, options in {"in a tf.function": {}, "in a compiled one": {"jit_compile": True}}.items():
        function = partial(tf.function, autograph=False, **options)
        training = restarted(config, compiled=True).through(function).run()
        joined = options and parts_of(training.optimizer).packing.packs
        compare(training.values(), expected, what, _TOLERANCE if joined else 0)


@check(*_RUNNING)
def assigns_declared_state_only(config: NamedConfig) -> None:
    """A step touches the model's variables and what the optimizer lists as its own, nothing else."""
    # A new one, whose state is created inside of the function.
    training = Training(config, jit_compile=False).through(partial(tf.function, autograph=False))
    training.run(last=1)
    graph = training.apply.get_concrete_function(  # type: ignore[attr-defined]  # of tf.function
        {name: tf.constant(value, tf.float32) for name, value in gradients(0).items()}
    ).graph
    created = training.optimizer.state.created.values()
    declared = {id(each) for each in (*training.variables.values(), *created)}
    strangers = [each.name for each in graph.variables if id(each) not in declared]
    hint = "create state with add_slot or add_state"
    require(not strangers, "all state must be declared", received=strangers, hint=hint)


@check(*_RUNNING[:2])
def instances_do_not_meet(config: NamedConfig) -> None:
    """Two of them in one process, stepped in turn, each end as one alone."""
    expected = reference(config).values()
    pair = restarted(config), Training(config, jit_compile=False)
    # The first may be traced already; a third one is built before the second is traced.
    for each in (pair[1], Training(config, jit_compile=False)):
        each.build()
    for step in range(STEPS):
        for training in pair:
            training.run(step, step + 1)
    for training in pair:
        compare(training.values(), expected, "beside another one", _TOLERANCE)


@check(*_RUNNING)
def schedules_stand_for_numbers(config: NamedConfig) -> None:
    """Where a schedule is accepted in place of a number, one of the same value gives the same step."""
    functions = {}
    for name, value in config:
        if isinstance(value, int | float) and not isinstance(value, bool):
            function = partial(_constant, value)
            with suppress(ConfigError):
                functions[name] = getattr(type(config)(**{**dict(config), name: function}), name)
    actual = Training(config.model_copy(update=functions), jit_compile=False).run().model_values()
    compare(actual, reference(config).model_values(), f"with schedules for {list(functions)}", _TOLERANCE)


def _constant(value: float, iteration: Tensor) -> Tensor:
    # With the step in it, as a function that a trace would freeze is refused.
    return value + 0 * tf.cast(iteration, tf.float64)


@contextmanager
def functions_run_as_python() -> Iterator[None]:
    """Run every `tf.function` as the Python that it would trace."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
