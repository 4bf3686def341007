"""The compiled step of one device."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from .errors import GradientsError
from .numerics import compute_dtype
from .pipeline import Pipeline
from .slots import Parameters, SlotTable
from .step import Step
from .working import Frame
from .xla import refused_operations

__all__ = ["Plan", "Program"]


@dataclass(frozen=True)
class Plan:
    """What the programs of all devices share: everything that decides how a step is traced."""

    update_step: Callable[[Any, Any], Any]
    pipeline: Pipeline
    parameters: Parameters
    table: SlotTable
    rate: Any
    jit_compile: bool

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

    def _compile(self, jit_compile: bool) -> None:
        # AutoGraph would rewrite every line of ours and of the plugins while tracing, at great cost.
        self._core = tf.function(self._trace_core, jit_compile=jit_compile, autograph=False)
        self._gate = tf.function(self._trace_gate, jit_compile=jit_compile, autograph=False)

    def __call__(self, gradients: Sequence[Any]) -> None:
        gradients = [self._dense(each, v) for each, v in zip(gradients, self._variables, strict=True)]
        if not self._checked:
            self._check(gradients)
        if self.plan.pipeline.uses("gate"):
            gradients, proceed = self._gate(gradients)
            tf.cond(proceed, lambda: self._run_core(gradients), lambda: False)
        else:
            self._core(gradients)

    def _run_core(self, gradients: Sequence[Any]) -> bool:
        self._core(gradients)
        return True

    @staticmethod
    def _dense(gradient: Any, variable: Any) -> Any:
        """Sum duplicate rows, outside the cluster: their number varies, and XLA compiles for each shape."""
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
        self._traces.append("core")
        pipeline = self.plan.pipeline
        with Frame(self._components, self._paths) as frame:
            step = self.plan.step(frame, self._variables)
            values = self._computable(gradients, step)
            values = pipeline.fold("clip", values, step)
            values = pipeline.fold("decay", values, step)
            self._update(values, step)
            for variable, constraint in zip(step.variables, self._constraints(), strict=True):
                if constraint is not None:
                    variable.assign(constraint(variable.value))
            pipeline.run("post_step", step)
            step.advance()
            frame.commit()

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
        with Frame(self._components, self._paths) as frame:
            step = self.plan.step(frame, self._variables)
            result = self.plan.pipeline.gate(self._computable(gradients, step), step)
            frame.commit()
            return result

    @staticmethod
    def _computable(gradients: Sequence[Any], step: Step) -> list[Any]:
        return [
            tf.cast(each, variable.dtype) for each, variable in zip(gradients, step.variables, strict=True)
        ]

    def _constraints(self) -> list[Any]:
        return [getattr(variable, "constraint", None) for variable in self._variables]

    def finalize(self) -> None:
        """Assign the final values of this device's variables."""
        with Frame(self._components, self._paths) as frame:
            self.plan.pipeline.run("finalize", self.plan.step(frame, self._variables))
            frame.commit()

    def _check(self, gradients: Sequence[Any]) -> None:
        """Fall back to the uncompiled step if XLA has no kernel for something in it."""
        self._checked = True
        device = self._components[id(self._variables[0])].device
        functions = [(self._core, gradients)]
        if self.plan.pipeline.uses("gate"):
            gated = [tf.TensorSpec(each.shape, compute_dtype(each.dtype)) for each in gradients]
            functions = [(self._gate, gradients), (self._core, gated)]
        for function, arguments in functions:
            graph = function.get_concrete_function(arguments).graph
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
