"""Checks of state: named, complete in a checkpoint, and only touched by its own variable's gradient."""

from __future__ import annotations

import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import tensorflow as tf

from optiplug._config.base import NamedConfig
from optiplug._config.kinds import OptimizerConfig
from optiplug._hookspecs import hookimpl

from .check import NotApplicable, check, require
from .training import SHAPES, STEPS, Training, compare, gradients, reference, restarted

_STATEFUL = ("optimizers", "processors")


@check(*_STATEFUL)
def build_is_idempotent(config: NamedConfig) -> None:
    """Building again, with the same variables, creates nothing and changes nothing."""
    training = restarted(config).run(last=1)
    before = training.values()
    training.optimizer.build(list(training.variables.values()))
    compare(training.values(), before, "after a second build")


@check(*_STATEFUL)
def resumes_bit_for_bit(config: NamedConfig) -> None:
    """A checkpoint, read before or after `build`, continues as if nothing had happened."""
    half = STEPS // 2
    # Compiled: TensorFlow's own optimizer of graphs may round two traces of one step differently.
    expected, saved = reference(config).values(), restarted(config, compiled=True).run(last=half)
    resumed, built = Training(config), Training(config)
    with tempfile.TemporaryDirectory() as folder:
        path = saved.checkpoint().write(str(Path(folder, "checkpoint")))
        status = resumed.checkpoint().read(path)
        resumed.run(half)
        status.assert_consumed()
        built.optimizer.build(list(built.variables.values()))
        built.checkpoint().read(path).assert_consumed()
    compare(resumed.values(), expected, "resumed before build")
    compare(built.values(), saved.values(), "read after build")


@check(*_STATEFUL)
def takes_late_variables(config: NamedConfig) -> None:
    """A variable that appears late gets state of its own, and that of the others stays as it is."""
    training, (first, *_, late) = Training(config, jit_compile=False), SHAPES
    training.step({first: gradients(0)[first]})
    before = training.values()
    training.optimizer.build(list(training.variables.values()))
    after = training.values()
    compare({name: after[name] for name in before}, before, "when variables were added")
    training.run(1)
    finished, expected = training.values(), sorted(reference(config).values())
    require(sorted(finished) == expected, "all must have state in the end", received=sorted(finished))
    if config.kind == "optimizers":
        moved = (finished[f"variable {late}"] != before[f"variable {late}"]).any()
        require(moved, "a late variable must be trained", where=late)


@check(*_STATEFUL)
def spares_what_has_no_gradient(config: NamedConfig) -> None:
    """A variable without gradient is left alone; an optimizer leaves alone its state, too."""
    training, name = restarted(config), "decoder/kernel"
    training.until_a_step(gradients(0))
    before = training.values()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        training.until_a_step({**gradients(1), name: None})
    own = [each for each in before if each == f"variable {name}" or each.endswith(f"/{name}")]
    spared = own if config.kind == "optimizers" else own[:1]
    after = training.values()
    compare(
        {each: after[each] for each in spared}, {each: before[each] for each in spared}, "without gradient"
    )


@check(*_STATEFUL)
def a_failed_step_changes_nothing(config: NamedConfig) -> None:
    """Where an assertion of a hook stops an uncompiled step, every variable and all state stay as they were.

    State is assigned through what a step is given, which is written when all of the step is known; a
    `tf.Variable` that is assigned by itself changes at once.
    """
    training, stopping = Training(config, jit_compile=False), Stopping()
    training.optimizer.add_processor(stopping)
    for _ in range(training.until_a_step(gradients(0)) - 1):
        training.step(
            gradients(1)
        )  # to the last call of the next step, as the others have no core to fail in
    before = training.values()
    stopping.stop.assign(True)
    with suppress(tf.errors.InvalidArgumentError):
        training.step(gradients(1))
        raise AssertionError("the step must run the hook that fails")
    compare(training.values(), before, "after a step that failed")


class Stopping:
    """Stops a step with an error, once everything that was traced before it has run."""

    def __init__(self) -> None:
        self.stop = tf.Variable(False, trainable=False)

    @hookimpl
    def post_step(self) -> None:
        """Stop the step if `stop` says so."""
        stop = self.stop.read_value()
        with tf.control_dependencies(tf.compat.v1.get_default_graph().get_operations()):
            tf.debugging.assert_equal(stop, False, "the step was told to fail")


@check("optimizers")
def keeps_state_in_another_dtype(config: OptimizerConfig) -> None:
    """With ``state_dtype="bfloat16"`` slots of real numbers are kept in it, and training stays finite.

    All but those that were added as `exact`.
    """
    usual = reference(config).optimizer.state
    slots = [
        name
        for name, (slot, _) in usual.homes.items()
        if usual.states[name].dtype == tf.float32 and slot not in usual.exact
    ]
    if not slots:
        raise NotApplicable("it has no slots of real numbers")
    training = Training(config, state_dtype="bfloat16", jit_compile=False).run()
    kept = {name: training.optimizer.state.states[name].variable.dtype for name in slots}
    wrong = [name for name, dtype in kept.items() if dtype != tf.bfloat16]
    hint = "add_slot without a dtype follows state_dtype; say `exact=True` if it must not"
    require(not wrong, "must be kept in bfloat16", received=wrong, hint=hint)
    for name, value in training.model_values().items():
        require(np.isfinite(value).all(), "must stay finite", where=name, received=value.tolist())


@check(*_STATEFUL)
def reports_what_it_allocates(config: NamedConfig) -> None:
    """The bytes that `state_report` tells before `build` are those that it then takes."""
    training = Training(config)
    variables = list(training.variables.values())
    told = {row.name: row.bytes for row in training.optimizer.state_report(variables).rows}
    require(not training.optimizer.state.states, "a report must create nothing")
    training.optimizer.build(variables)
    taken = {name: each.numpy().nbytes for name, each in training.optimizer.state.states.items()}
    require(told == taken, f"the report must tell {taken}", received=told)
    created = training.optimizer.state.created.values()
    held = sum(each.shape.num_elements() * each.dtype.size for each in created)
    require(held == sum(told.values()), f"{held} bytes must be told", received=sum(told.values()))
