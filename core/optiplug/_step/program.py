"""The compiled step of one device."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._state.table import SlotTable
from optiplug._variables.capture import Frame
from optiplug._variables.gradients import dense, signature, tensor, without_shape
from optiplug._variables.model_variables import Parameters
from optiplug._variables.packing import Pack
from optiplug.errors import HookError
from optiplug.numerics import compute_dtype

from .operands import Joined, Rows, Unit
from .pipeline import Pipeline
from .step import Numbers, Step
from .xla import refused_operations

__all__ = ["Plan", "Program"]

Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What the programs of all devices share: everything that decides how a step is traced."""

    update: Callable[[Sequence[Any], Sequence[Any]], None]
    pipeline: Pipeline
    parameters: Parameters
    table: SlotTable
    rate_of: Callable[[int | None], Any]
    jit_compile: bool
    lazy: bool

    def everything(self) -> list[Any]:
        """Return the variables of the model and those of the optimizer, as they are in memory."""
        return [*self.parameters, *self.table.created.values()]

    def paths(self) -> dict[int, str]:
        """Return the path of each of them, of parts and of packs, by its id."""
        states = {id(each): name for name, each in [*self.table.created.items(), *self.table.parts.items()]}
        return {**self.parameters.paths, **states, **{id(pack): pack.name for pack in self.parameters.packs}}

    def step(self, frame: Frame, present: Sequence[Any], absent: Sequence[Any]) -> Step:
        """Open a step in a frame, over what has a gradient and what has none."""
        numbers = Numbers(self.table.states["iterations"].variable, self.rate_of)
        step = Step(frame, numbers, present, [*present, *absent])
        frame.step = step
        if self.pipeline.uses("rate"):
            step.change_rates(self.pipeline.fold("rate", [step.rate(each) for each in step.variables], step))
            # Gates, core and final values are traced apart, each with its rates.
            if frame.assigned:
                raise HookError(
                    "nothing can be assigned in the stage `rate`, which runs several times in a step",
                    where="hook 'rate'",
                    received=[working.path for working in frame.assigned],
                    hint="keep state in `clip` or a later stage",
                )
        return step

    def treated(self, variables: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Return what a step treats as one variable each: those with a gradient, and the others.

        A pack takes the place of its members if all have a gradient or none has, and if every
        hook lets it.
        """
        present = set(map(id, variables))
        homes: dict[int, Any] = {}
        for pack in self.parameters.packs:
            inside = present.intersection(map(id, pack.members))
            if len(inside) in (0, len(pack.members)) and self.pipeline.joins(pack):
                homes |= dict.fromkeys(map(id, pack.members), pack)
        rest = [each for each in self.parameters if id(each) not in present]

        def joined(some: Iterable[Any]) -> list[Any]:
            return list({id(unit): unit for unit in (homes.get(id(each), each) for each in some)}.values())

        return joined(variables), joined(rest)


class Program:
    """One device's step for one list of variables: gate, then, where it says so, the compiled core.

    The core is one XLA cluster. The gate is a cluster of its own with the condition between the
    two in the graph: a condition inside a cluster costs four times the step.
    """

    def __init__(
        self, plan: Plan, variables: Sequence[Any], components: Mapping[int, Any], traces: list[str]
    ) -> None:
        self.plan, self._variables, self._own = plan, list(variables), components
        self._present, self._absent = plan.treated(variables)
        self._components = self._apart()
        self._paths, self._traces = plan.paths(), traces
        # Between functions values travel by name; a variable of the model may have the path of a state.
        self._names = {key: f"{place}:{path}" for place, (key, path) in enumerate(self._paths.items())}
        self._keys = {name: key for key, name in self._names.items()}
        self._eager_step = _compiled(self._step, False)
        self._steps_of_rows: dict[tuple[Any, ...], Callable[[Any], Any]] = {}
        self._compile(plan.jit_compile)
        self._checked = not plan.jit_compile
        if distribution.mesh_of(variables[0]) is not None:
            self._inline()

    def _compile(self, jit_compile: bool) -> None:
        self._core = _compiled(self._trace_core, jit_compile)
        self._gate = _compiled(self._trace_gate, jit_compile)

    def _inline(self) -> None:
        """Make one function of all parts, or of the caller's: DTensor cannot call one in two conditions."""
        self._core, self._gate = self._trace_core, self._trace_gate

    def __call__(self, gradients: Sequence[Any]) -> None:
        if not tf.executing_eagerly():
            self._step(gradients)
        elif any(isinstance(each, tf.IndexedSlices) for each in gradients):
            self._step_of_rows(gradients)([without_shape(each) for each in gradients])
        else:
            self._eager_step([tensor(each) for each in gradients])

    def _step_of_rows(self, gradients: Sequence[Any]) -> Callable[[Any], Any]:
        """Return the step for any number of rows, so that it is traced once and not for each number."""
        specs = [signature(each, variable) for each, variable in zip(gradients, self._variables, strict=True)]
        key = tuple(specs)
        if key not in self._steps_of_rows:
            self._steps_of_rows[key] = _compiled(self._step, False, [specs])
        return self._steps_of_rows[key]

    def _step(self, gradients: Sequence[Any]) -> None:
        units = self._units(gradients)
        values = [unit.gradient for unit in units]
        if self.plan.pipeline.uses("post_step"):
            units += [self._joined(each) for each in self._absent if isinstance(each, Pack)]
        starts = self._starts(units)
        if not self._checked:
            self._check(values, starts)
        if self.plan.pipeline.uses("gate"):
            values, proceed = self._gate(values, starts)
            tf.cond(proceed, lambda: self._run_core(units, values, starts), lambda: False)
        else:
            self._run_core(units, values, starts)

    def _units(self, gradients: Sequence[Any]) -> list[Unit]:
        given = {id(each): value for each, value in zip(self._variables, gradients, strict=True)}
        return [self._unit(each, given) for each in self._present]

    def _unit(self, each: Any, given: Mapping[int, Any]) -> Unit:
        if isinstance(each, Pack):
            return self._joined(each, [dense(given[id(member)], member) for member in each.members])
        gradient = given[id(each)]
        if self.plan.lazy and isinstance(gradient, tf.IndexedSlices):
            rows = map(id, self.plan.table.rows_of(each))
            return Rows(gradient, {key: self._components[key] for key in rows})
        return Unit(dense(gradient, each))

    def _apart(self) -> dict[int, Any]:
        """Return what the step may read and assign by itself: not the members of packs, nor their state."""
        joined = {id(each): each for each in (*self._present, *self._absent) if isinstance(each, Pack)}
        hidden = {id(member) for pack in joined.values() for member in pack.members}
        hidden |= {id(part) for part in self.plan.table.parts.values() if id(part.pack) in joined}
        return {key: own for key, own in self._own.items() if key not in hidden}

    def _joined(self, pack: Pack, gradients: Sequence[Any] = ()) -> Unit:
        return Joined(pack, [self._own[id(member)] for member in pack.members], gradients)

    def _starts(self, units: Iterable[Unit]) -> Values:
        return {self._names[key]: value for unit in units for key, value in unit.gather().items()}

    def _run_core(self, units: Iterable[Unit], values: Sequence[Any], starts: Values) -> bool:
        self._scatter(units, self._core(values, starts))
        return True

    def _scatter(self, units: Iterable[Unit], ends: Values) -> None:
        by_key = {self._keys[name]: value for name, value in ends.items()}
        for unit in units:
            unit.scatter(by_key)

    def _frame(self, starts: Values) -> Frame:
        by_key = {self._keys[name]: value for name, value in starts.items()}
        return Frame(self._components, self._paths, by_key, self.plan.table.computed)

    def _ends(self, frame: Frame) -> Values:
        """Return what became of the values that a frame started from."""
        return {self._names[key]: value for key, value in frame.ends.items()}

    def _trace_core(self, gradients: Sequence[Any], starts: Values) -> Values:
        self._traces.append("core")
        with distribution.tracing(self._variables[0]), self._frame(starts) as frame:
            step = self.plan.step(frame, self._present, self._absent)
            self._stages(gradients, step)
            step.advance()
            frame.commit()
            return self._ends(frame)

    def _stages(self, gradients: Sequence[Any], step: Step) -> None:
        pipeline = self.plan.pipeline
        values = self._computable(gradients, step)
        values = pipeline.fold("clip", values, step)
        values = pipeline.fold("decay", values, step)
        self._update(values, step)
        self._constrain(step)
        pipeline.run("post_step", step)

    def _constrain(self, step: Step) -> None:
        for own, variable in zip(self._present, step.variables, strict=True):
            constraint = self.plan.parameters.constraint(own)
            if constraint is not None:
                variable.assign(constraint(variable.value))

    def _update(self, gradients: Sequence[Any], step: Step) -> None:
        variables = step.variables
        before = [variable.value for variable in variables] if self.plan.pipeline.uses("update") else []
        self.plan.update(gradients, variables)
        if before:
            keys = [variable.key for variable in variables]
            step.numbers.gradients = dict(zip(keys, gradients, strict=True))
            updates = [variable.value - old for variable, old in zip(variables, before, strict=True)]
            updates = self.plan.pipeline.fold("update", updates, step)
            for variable, old, update in zip(variables, before, updates, strict=True):
                variable.assign(old + update)

    def _trace_gate(self, gradients: Sequence[Any], starts: Values) -> tuple[list[Any], Any]:
        self._traces.append("gate")
        with distribution.tracing(self._variables[0]), self._frame(starts) as frame:
            step = self.plan.step(frame, self._present, self._absent)
            result = self.plan.pipeline.gate(self._computable(gradients, step), step)
            frame.commit()
            return result

    @staticmethod
    def _computable(gradients: Sequence[Any], step: Step) -> list[Any]:
        return [
            tf.cast(each, variable.dtype) for each, variable in zip(gradients, step.variables, strict=True)
        ]

    def text(self) -> str:
        """Return the core for dense gradients as XLA has optimized it."""
        given = [tf.zeros(each.shape, each.dtype) for each in self._variables]
        units = self._units(given)
        ir = self._core.experimental_get_compiler_ir([each.gradient for each in units], self._starts(units))
        return str(ir(stage="optimized_hlo"))

    def finalize(self, with_state: bool) -> None:
        """Assign the final values of this device's variables, and what becomes of state with that."""
        units = [self._joined(each) for each in self._present if isinstance(each, Pack)]
        with distribution.tracing(self._variables[0]), self._frame(self._starts(units)) as frame:
            self.plan.pipeline.run("finalize", self.plan.step(frame, self._present, self._absent))
            frame.commit(lambda key: with_state or key in self.plan.parameters.paths)
            ends = self._ends(frame)
        self._scatter(units, ends)

    def _check(self, gradients: Sequence[Any], starts: Values) -> None:
        """Fall back to the uncompiled step if XLA has no kernel for something in it."""
        self._checked = True
        device = self._own[id(self._variables[0])].device
        functions = [(self._core, gradients)]
        if self.plan.pipeline.uses("gate"):
            gated = [tf.TensorSpec(each.shape, compute_dtype(each.dtype)) for each in gradients]
            functions = [(self._gate, gradients), (self._core, gated)]
        for function, given in functions:
            graph = function.get_concrete_function(given, starts).graph
            refused = refused_operations(graph, device)
            if refused:
                named = ", ".join(f"{operation} ({node})" for operation, node in refused.items())
                warnings.warn(
                    f"XLA cannot compile this step, so it runs uncompiled. It refuses: {named}. Hint: "
                    "the name of a node starts with that of its hook; use TensorFlow operations there.",
                    stacklevel=2,
                )
                self._compile(False)
                return


def _compiled(function: Callable[..., Any], jit_compile: bool, signature: Any = None) -> Any:
    # AutoGraph would rewrite every line of ours and of the plugins while tracing, at great cost.
    # The partial hides the method, whose traces TensorFlow would add up over all optimizers and
    # report as retracing.
    return tf.function(partial(function), input_signature=signature, jit_compile=jit_compile, autograph=False)
