"""Checks of processors: their place in a step, and what their selectors leave alone."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import tensorflow as tf

from optiplug._config.kinds import ProcessorConfig
from optiplug._hookspecs import hook_names

from .check import NotApplicable, check, require
from .subjects import DescentConfig
from .training import SHAPES, STEPS, Training, Values, compare, gradients, reference, restarted

_KIND = "processors"
_SELECTED = "decoder/*"


@check(_KIND)
def takes_part_in_a_stage(config: ProcessorConfig) -> None:
    """It has a hook in at least one stage, with the arguments of that stage, or says that it is idle."""
    (hook,) = Training(config).optimizer.processors
    idle = getattr(hook, "idle", False)
    require(idle or hook_names(hook), "a method named after a stage must be marked with @hookimpl")


@check(_KIND)
def selectors_spare_the_others(config: ProcessorConfig) -> None:
    """With `only`, all other variables end as they do without it."""
    chosen = config.model_copy(update={"only": (_SELECTED,), "skip": (), "min_ndim": 0})
    training = Training(chosen, jit_compile=False)
    if any("gate" in hook_names(each) for each in training.optimizer.processors):
        raise NotApplicable("a gate decides about the whole step")
    plain, actual = _plain(), training.run().values()
    others = [name for name in plain if not name.startswith("variable decoder/")]
    expected = {name: plain[name] for name in others}
    compare({name: actual[name] for name in others}, expected, "not selected", 1e-6)


@cache
def _plain() -> Values:
    """Return what the same steps end with where there is no processor."""
    return Training(DescentConfig(jit_compile=False)).run().values()


@check(_KIND)
def owns_its_state(config: ProcessorConfig) -> None:
    """Its state bears its name, so that it can be listed twice."""
    if hasattr(config.load_implementation(), "scale_loss"):
        raise NotApplicable("only one processor can scale the loss")
    training = Training(DescentConfig(processors=(config, config)))
    training.optimizer.build(list(training.variables.values()))
    names = set(training.optimizer.state.states) - {"iterations", "learning_rate"}
    owners = {name.partition("/")[0] for name in names}
    require(len(owners) in {0, 2}, "two in a list must each have state of their own", received=sorted(names))


@check(_KIND)
def scaled_loss_trains_alike(config: ProcessorConfig) -> None:
    """Where it scales the loss, its gradients are scaled back: variables end as they do without it."""
    if not hasattr(config.load_implementation(), "scale_loss"):
        raise NotApplicable("it scales no loss")
    compare(_minimized(restarted(config)), _minimized(restarted(DescentConfig())), "of a scaled loss", 1e-6)


def _minimized(training: Training) -> Values:
    variables = list(training.variables.values())
    for _ in range(STEPS):
        training.optimizer.minimize(
            lambda: tf.add_n([tf.reduce_sum(each**2) for each in variables]), variables
        )
    return training.model_values()


@check(_KIND)
def calls_of_a_step_come_in_any_order(config: ProcessorConfig) -> None:
    """A gate that holds gradients back lets all of them go, whichever call of the step had them.

    A gate that adds up over calls says `accumulates`, and so sees variables without gradient, too.
    """
    if not any("gate" in hook_names(each) for each in reference(config).optimizer.processors):
        raise NotApplicable("it holds nothing back")
    training = restarted(config)
    count = training.until_a_step(gradients(0))
    if count == 1:
        raise NotApplicable("each call is a step")
    early, late, always = SHAPES
    calls = [{early: call == 0, late: call == count - 1, always: True} for call in range(count)]
    ends = []
    for order in (range(count), reversed(range(count))):
        training.restart()
        for call in order:
            given = gradients(call)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of variables without gradient
                training.step({name: given[name] if has else None for name, has in calls[call].items()})
        ends.append(training.values())
    start = restarted(config).model_values()
    for name in SHAPES:
        moved = not np.array_equal(ends[0][f"variable {name}"], start[name])
        require(moved, "each variable that had a gradient in any of the calls must be updated", where=name)
    compare(ends[1], ends[0], "with the calls of a step in reverse", 1e-6)
