"""The compiled step of one device."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from . import distribution
from .errors import GradientsError
from .numerics import compute_dtype
from .pipeline import Pipeline
from .rows import Rows
from .slots import Parameters, SlotTable
from .step import Step
from .working import Frame
from .xla import refused_operations

__all__ = ["Plan", "Program"]

Starts = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Plan:
    """What the programs of all devices share: everything that decides how a step is traced."""

    update_step: Callable[[Any, Any], Any]
    pipeline: Pipeline
    parameters: Parameters
    table: SlotTable
    rate: Any
    jit_compile: bool
    lazy: bool

    def everything(self) -> list[Any]:
        """Return the variables of the model and those of the optimizer."""
        return [*self.parameters, *(state.variable for state in self.table.states.values())]

    def paths(self) -> dict[int, str]:
        """Return the path of each of them by its id."""
        states = {id(state.variable): name for name, state in self.table.states.items()}
        return {**self.parameters.paths, **states}

    def step(self, frame: Frame, variables: Sequence[Any]) -> Step:
        """Open a step in a frame, with `variables` the ones that have a gradient."""
        step = Step(
            frame,
            iterations=self.table.states["iterations"].variable,
            rate=self.rate,
            variables=variables,
            every_variable=list(self.parameters),
        )
        frame.step = step
        return step


class Program:
    """One device's step for one list of variables: gate, then, where it says so, the compiled core.

    The core is one XLA cluster. The gate is a cluster of its own with the condition between the
    two in the graph: a condition inside a cluster costs four times the step.
    """

    def __init__(
        self, plan: Plan, variables: Sequence[Any], components: Mapping[int, Any], traces: list[str]
    ) -> None:
        self.plan, self._variables, self._components = plan, list(variables), components
        self._paths, self._traces = plan.paths(), traces
        self._compile(plan.jit_compile)
        self._checked = not plan.jit_compile
        if distribution.mesh_of(variables[0]) is not None:
            self._inline()

    def _compile(self, jit_compile: bool) -> None:
        self._core = _compiled(self._trace_core, jit_compile)
        self._core_of_rows = _compiled(self._trace_core_of_rows, jit_compile)
        self._gate = _compiled(self._trace_gate, jit_compile)
        self._graphs: dict[tuple[bool, ...], Callable[[Any], Any]] = {}
        self._eager_step: Callable[[Any], None] = self._step

    def _inline(self) -> None:
        """Make one function of all parts, or of the caller's: DTensor cannot call one in two conditions."""
        self._core, self._gate = self._trace_core, self._trace_gate
        self._eager_step = tf.function(self._step, autograph=False)

    def __call__(self, gradients: Sequence[Any]) -> None:
        lazy = tuple(map(self._is_lazy, gradients))
        if not tf.executing_eagerly():
            self._step(gradients)
        elif any(lazy):
            self._graph(lazy, gradients)([_without_shape(each) for each in gradients])
        else:
            self._eager_step(gradients)

    def _graph(self, lazy: tuple[bool, ...], gradients: Sequence[Any]) -> Callable[[Any], Any]:
        """Return the step for any number of rows, so that it is traced once and not for each number."""
        if lazy not in self._graphs:
            specs = [_spec(each, variable) for each, variable in zip(gradients, self._variables, strict=True)]
            self._graphs[lazy] = tf.function(self._step, input_signature=[specs], autograph=False)
        return self._graphs[lazy]

    def _step(self, gradients: Sequence[Any]) -> None:
        rows = {place: Rows(each) for place, each in enumerate(gradients) if self._is_lazy(each)}
        values = [
            rows[place].gradient if place in rows else self._dense(each, self._variables[place])
            for place, each in enumerate(gradients)
        ]
        starts = {str(place): some.gather(self._row_of(place)) for place, some in rows.items()}
        of_rows = (starts,) if starts else ()
        if not self._checked:
            self._check(values, *of_rows)
        if self.plan.pipeline.uses("gate"):
            values, proceed = self._gate(values)
            tf.cond(proceed, lambda: self._run_core(rows, values, *of_rows), lambda: False)
        else:
            self._run_core(rows, values, *of_rows)

    def _is_lazy(self, gradient: Any) -> bool:
        return self.plan.lazy and isinstance(gradient, tf.IndexedSlices)

    def _row_of(self, place: int) -> list[Any]:
        """Return this device's own variables that a row of a variable consists of."""
        return [self._components[id(each)] for each in self.plan.table.rows_of(self._variables[place])]

    def _run_core(self, rows: Mapping[int, Rows], *arguments: Any) -> bool:
        if not rows:
            self._core(*arguments)
            return True
        ends = self._core_of_rows(*arguments)
        for place, some in rows.items():
            some.scatter(self._row_of(place), ends[str(place)])
        return True

    @staticmethod
    def _dense(gradient: Any, variable: Any) -> Any:
        """Sum duplicate rows, outside the cluster: their number varies, and XLA compiles for each shape."""
        if isinstance(gradient, tf.IndexedSlices):
            values = tf.cast(gradient.values, compute_dtype(gradient.dtype))
            gradient = tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
        gradient = tf.convert_to_tensor(gradient)
        if gradient.shape == variable.shape:
            return gradient
        if not gradient.shape.is_compatible_with(variable.shape):
            raise GradientsError(
                f"the gradient of {variable.name!r} must have its shape {variable.shape}",
                received=tuple(gradient.shape),
            )
        return tf.ensure_shape(gradient, variable.shape)

    def _trace_core(self, gradients: Sequence[Any]) -> None:
        self._trace_core_of_rows(gradients, {})

    def _trace_core_of_rows(self, gradients: Sequence[Any], starts: Starts) -> dict[str, list[Any]]:
        """Take the step; `starts` has rows of some variables by place, the result what they have become."""
        self._traces.append("core")
        states = {place: self.plan.table.rows_of(self._variables[int(place)]) for place in starts}
        rows = {
            id(each): value
            for place, start in starts.items()
            for each, value in zip(states[place], start, strict=True)
        }
        with distribution.tracing(self._variables[0]), Frame(self._components, self._paths, rows) as frame:
            step = self.plan.step(frame, self._variables)
            self._stages(gradients, step)
            step.advance()
            frame.commit()
            return {place: [frame.working(each).value for each in row] for place, row in states.items()}

    def _stages(self, gradients: Sequence[Any], step: Step) -> None:
        pipeline = self.plan.pipeline
        values = self._computable(gradients, step)
        values = pipeline.fold("clip", values, step)
        values = pipeline.fold("decay", values, step)
        self._update(values, step)
        for own, variable in zip(self._variables, step.variables, strict=True):
            constraint = self.plan.parameters.constraint(own)
            if constraint is not None:
                variable.assign(constraint(variable.value))
        pipeline.run("post_step", step)

    def _update(self, gradients: Sequence[Any], step: Step) -> None:
        variables = step.variables
        before = [variable.value for variable in variables] if self.plan.pipeline.uses("update") else []
        for gradient, variable in zip(gradients, variables, strict=True):
            self.plan.update_step(gradient, variable)
        if before:
            updates = [variable.value - old for variable, old in zip(variables, before, strict=True)]
            updates = self.plan.pipeline.fold("update", updates, step)
            for variable, old, update in zip(variables, before, updates, strict=True):
                variable.assign(old + update)

    def _trace_gate(self, gradients: Sequence[Any]) -> tuple[list[Any], Any]:
        self._traces.append("gate")
        with distribution.tracing(self._variables[0]), Frame(self._components, self._paths) as frame:
            step = self.plan.step(frame, self._variables)
            result = self.plan.pipeline.gate(self._computable(gradients, step), step)
            frame.commit()
            return result

    @staticmethod
    def _computable(gradients: Sequence[Any], step: Step) -> list[Any]:
        return [
            tf.cast(each, variable.dtype) for each, variable in zip(gradients, step.variables, strict=True)
        ]

    def finalize(self) -> None:
        """Assign the final values of this device's variables."""
        with distribution.tracing(self._variables[0]), Frame(self._components, self._paths) as frame:
            self.plan.pipeline.run("finalize", self.plan.step(frame, self._variables))
            frame.commit()

    def _check(self, gradients: Sequence[Any], *starts: Starts) -> None:
        """Fall back to the uncompiled step if XLA has no kernel for something in it."""
        self._checked = True
        device = self._components[id(self._variables[0])].device
        core = self._core_of_rows if starts else self._core
        functions: list[tuple[Any, tuple[Any, ...]]] = [(core, (gradients, *starts))]
        if self.plan.pipeline.uses("gate"):
            gated = [tf.TensorSpec(each.shape, compute_dtype(each.dtype)) for each in gradients]
            functions = [(self._gate, (gradients,)), (core, (gated, *starts))]
        for function, arguments in functions:
            graph = function.get_concrete_function(*arguments).graph
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


def _compiled(function: Callable[..., Any], jit_compile: bool) -> Any:
    # AutoGraph would rewrite every line of ours and of the plugins while tracing, at great cost.
    # The partial hides the method, whose traces TensorFlow would add up over all optimizers and
    # report as retracing.
    return tf.function(partial(function), jit_compile=jit_compile, autograph=False)


def _without_shape(gradient: Any) -> Any:
    """Drop the shape that some slices carry, which a signature would have to foresee."""
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values, gradient.indices)
    return gradient


def _spec(gradient: Any, variable: Any) -> Any:
    """Return a signature that leaves open how many rows a sparse gradient has."""
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlicesSpec(variable.shape, gradient.dtype, gradient.indices.dtype, None, [None])
    return tf.TensorSpec(gradient.shape, gradient.dtype)
