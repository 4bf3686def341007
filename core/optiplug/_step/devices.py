"""The step of all devices of this process, in cross-replica context."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import Gradient, Tensor, Variable

from .decision import Decision
from .program import Program
from .shares import write_shares

__all__ = ["step_on_devices"]

Result = TypeVar("Result")
Programs = Mapping[int, Program]


def step_on_devices(programs: Programs, variables: Sequence[Variable], gradients: Sequence[Gradient]) -> None:
    """Run the program of each device.

    Gradients are summed over replicas already, but where gates decide before that: then they are summed
    when these let them go.
    """
    first = variables[0]
    if next(iter(programs.values())).plan.holds:
        _hold(programs, first, gradients)
    else:
        _finish(programs, _run(programs, first, Program.__call__, gradients))


def _hold(programs: Programs, first: Variable, gradients: Sequence[Gradient]) -> None:
    held = _run(programs, first, Program.hold, gradients)

    def resume() -> bool:
        summed = iter(_summed(first, held))
        _finish(programs, _run(programs, first, lambda program, _: program.resume(next(summed))))
        return True

    def keep() -> bool:
        own = iter(held)
        _run(programs, first, lambda program, _: program.keep(next(own)))
        return True

    # All replicas decide alike. Not in their own context, where no condition can hold a sum.
    tf.cond(held[0].proceed, resume, keep)


def _summed(first: Variable, held: Sequence[Decision]) -> list[Decision]:
    """Return what each device has held, with the sums over all replicas."""
    decisions = []
    for own, values in zip(held, distribution.summed(first, list(map(_flagged, held))), strict=True):
        count = len(own.gradients)
        given = tf.unstack(values[count] > 0, len(own.given)) if own.given else []
        decisions.append(own._replace(gradients=values[:count], given=given))
    return decisions


def _flagged(held: Decision) -> list[Tensor]:
    # What one replica alone has a gradient for, as it has restored it, all have.
    flags = [tf.stack([tf.cast(each, tf.float32) for each in held.given])] if held.given else []
    return [*held.gradients, *flags]


def _run(
    programs: Programs,
    first: Variable,
    call: Callable[[Program, Sequence[Gradient]], Result],
    gradients: Sequence[Gradient] = (),
) -> list[Result]:
    """Return what a call of each program gives, in the order of the devices."""
    results: list[Result] = []

    def running(program: Program) -> Callable[[Sequence[Gradient]], None]:
        return lambda values: results.append(call(program, values))

    runs = {key: running(program) for key, program in programs.items()}
    distribution.on_each_device(runs, first, gradients)
    return results


def _finish(programs: Programs, results: Sequence[Sequence[Tensor]]) -> None:
    """Put the shares of all replicas together, where a step has new ones."""
    program = next(iter(programs.values()))
    # All devices have traced the same step.
    moved = program.moved

    def write() -> bool:
        write_shares(moved, [shares for _, *shares in results])
        return True

    if moved and program.gated:
        # On all replicas alike: a gate decides by what all of them have.
        tf.cond(results[0][0], write, lambda: True)
    elif moved:
        write()
