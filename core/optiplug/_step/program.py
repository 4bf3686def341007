"""The compiled step of one device."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, TypeAlias

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import Gradient, Tensor, Variable
from optiplug._variables.capture import Frame
from optiplug._variables.effects import Effects
from optiplug._variables.gradients import dense, row_signature, tensor, without_shape
from optiplug._variables.share import Share
from optiplug.numerics import compute_dtype

from .core_stages import CoreStages, computable
from .decision import Decision, Values
from .flat_call import FlatCall, Trace
from .hook import Hook
from .operands import DeviceOperands, Operand, commit, write
from .plan import Plan
from .shares import whole
from .step import Step
from .xla import warn_of_dropped, warn_of_refused

__all__ = ["Program"]

Function: TypeAlias = Any  # a tf.function, or a method that stands for one


class Program:
    """One device's step for one list of variables: the gate and, if it proceeds, the compiled core.

    The core is one XLA cluster. The gate is a cluster of its own with the condition between the
    two in the graph: a condition inside a cluster costs four times the step. One that is not `traced`
    runs operation by operation when it is called eagerly. `index` is the place of its replica among all.
    Where gates come before the sum over replicas, `hold` runs these, and `resume` all that follows it.

    A call returns whether the core ran, and this replica's new shares of those variables whose state is
    sharded, in the order of `moved`; nothing where there are none.
    """

    def __init__(
        self,
        plan: Plan,
        variables: Sequence[Variable],
        components: Mapping[int, Variable],
        traces: list[str],
        *,
        traced: bool = True,
        index: int = 0,
    ) -> None:
        self.plan, self._variables, self._own = plan, list(variables), components
        self._operands = DeviceOperands(plan, self._variables, components, index)
        self._shares = self._operands.shares
        self.moved: list[Share] = []
        """The shares of which a step has new values, known when it is traced."""
        self._components = self._operands.components
        self._traces = traces
        self._traced, self._devices = traced, distribution.devices_of(components.values())
        on_mesh = distribution.mesh_of(variables[0]) is not None
        self._served = distribution.is_served(self._own[id(variables[0])])
        gates = bool(plan.pipeline.stages("gate"))
        self.gated = plan.pipeline.after_sum if plan.holds else gates
        """Whether a gate decides on the sum of gradients."""
        # Not compiled as a whole: joins, rows and the condition belong between the clusters.
        self._whole = _compiled(self._step, False)
        self._whole_hold, self._whole_resume = _compiled(self._hold, False), _compiled(self._resume, False)
        # DTensor has a say in how a function is called.
        self._eager_step = self._whole if on_mesh else FlatCall(self._whole, self._trace_eager)
        self._steps_of_rows: dict[tuple[Any, ...], Function] = {}
        self._compile(plan.jit_compile)
        # Checked at the first call, when the operations of a step are known.
        self._checked = not plan.jit_compile
        if not traced or on_mesh or self._served:
            self._inline()

    def _compile(self, jit_compile: bool) -> None:
        self._core = _compiled(self._trace_core, jit_compile)
        self._gate = _compiled(self._trace_gate, jit_compile)
        self._late_gate = _compiled(self._trace_late_gate, jit_compile)
        # A compiled core that has begun cannot fail, and a sum that a cluster does not write is a copy more.
        self._gate_writes = jit_compile

    def _inline(self) -> None:
        """Make all parts one function, or none.

        DTensor cannot call a function in two conditions, and a function is called on one parameter server.
        """
        self._core, self._gate, self._checked = self._trace_core, self._trace_gate, True
        self._late_gate = self._trace_late_gate

    def __call__(self, gradients: Sequence[Gradient]) -> Sequence[Tensor]:
        with self._place():
            return self._call(gradients)

    def _place(self) -> AbstractContextManager[object]:
        """Return the context in which this device's operations are; none where TensorFlow places each."""
        # A cluster that runs on another device cannot reach the variables; and TensorFlow would trace
        # anew for each device that is the default of a call.
        return distribution.on_device(self._devices)

    def _call(self, gradients: Sequence[Gradient]) -> Sequence[Tensor]:
        if not tf.executing_eagerly():
            return self._step(gradients)
        result: Sequence[Tensor]
        if not self._traced:
            result = self._step(list(map(_tensor_or_rows, gradients)))
        elif any(isinstance(each, tf.IndexedSlices) for each in gradients):
            # The dense shape is a tensor of its own in the slices, and the signature leaves it out.
            result = self._step_of_rows(gradients)([without_shape(each) for each in gradients])
        else:
            result = self._eager_step([tensor(each) for each in gradients])
        return result

    def _trace_eager(self, gradients: Sequence[Tensor]) -> Trace:
        """Return what an eager step runs for dense gradients: the core alone, where nothing is around it."""
        if self._operands.joins or self.plan.pipeline.stages("gate"):
            return self._whole.get_concrete_function(gradients)
        # A function around it costs 60 to 160 microseconds: docs/design/performance.md.
        values = [operand.gradient for operand in self._operands.with_gradients(gradients)]
        if not self._checked:
            self._check(values, {})
        return self._core.get_concrete_function(values, {}, [], None)

    def _step_of_rows(self, gradients: Sequence[Gradient]) -> Function:
        """Return the step for any number of rows, so that it is traced once and not for each number."""
        pairs = zip(gradients, self._variables, strict=True)
        specs = [row_signature(gradient, variable) for gradient, variable in pairs]
        key = tuple(specs)
        if key not in self._steps_of_rows:
            self._steps_of_rows[key] = _compiled(self._step, False, [specs])
        return self._steps_of_rows[key]

    def _step(self, gradients: Sequence[Gradient]) -> list[Tensor]:
        with distribution.beside_inputs() if self._served else nullcontext():
            return self._trace_step(gradients)

    def _trace_step(self, gradients: Sequence[Gradient]) -> list[Tensor]:
        self._begin(step=True)
        operands, values, starts = self._started(gradients)
        decision = self._gate(values, starts) if self.gated else Decision(values, True, [])
        return self._concluded(operands, starts, decision)

    def _started(self, gradients: Sequence[Gradient]) -> tuple[list[Operand], list[Tensor], Values]:
        """Return what a step runs over: operands, their gradients, and the values that it starts from."""
        effects = Effects()
        operands = self._operands.with_gradients(gradients)
        values = [operand.gradient for operand in operands]
        operands += self._looked_at()
        starts = self._starts(operands)
        # Rows are checked, and a row that there is not must stop all of the step.
        values = effects.settled(values)
        if not self._checked:
            self._check(values, starts)
        return operands, values, starts

    def _looked_at(self) -> list[Operand]:
        """Return the packs without gradient that hooks may look at."""
        sees_all = any(not stage.passes for stage in self.plan.pipeline.stages("core"))
        return self._operands.joined(self._operands.absent) if sees_all else []

    def _concluded(self, operands: Iterable[Operand], starts: Values, decision: Decision) -> list[Tensor]:
        if self.gated:
            result = tf.cond(
                decision.proceed,
                lambda: self._run_core(operands, starts, decision),
                lambda: self._write(decision.assigned),
            )
        else:
            result = self._run_core(operands, starts, decision)
        return tf.nest.flatten(result) if self._shares else []

    def hold(self, gradients: Sequence[Gradient]) -> Decision:
        """Let gates decide on the gradients of this replica, before they are summed over replicas."""
        with self._place():
            if not self._traces_calls():
                return self._hold(gradients)
            pairs = zip(gradients, self._variables, strict=True)
            # Not by rows, of which there may be another number in each call.
            given = [dense(_tensor_or_rows(gradient), variable) for gradient, variable in pairs]
            held: Decision = self._whole_hold(given)
            return held

    def _hold(self, gradients: Sequence[Gradient]) -> Decision:
        self._begin(step=True)
        _, values, starts = self._started(gradients)
        held: Decision = self._gate(values, starts)
        return held

    def resume(self, held: Decision) -> Sequence[Tensor]:
        """Take the step for gradients that were held and are now summed; it returns what a call returns."""
        with self._place():
            resumed: Sequence[Tensor] = (self._whole_resume if self._traces_calls() else self._resume)(held)
            return resumed

    def _resume(self, held: Decision) -> list[Tensor]:
        self._begin(step=True)
        operands = [*self._operands.joined(self._operands.present), *self._looked_at()]
        starts, decision = self._starts(operands), held
        if self.gated:
            decision = self._late_gate(held.gradients, starts, held.given, held.assigned)
        return self._concluded(operands, starts, decision)

    def keep(self, held: Decision) -> None:
        """Write what gates have assigned that hold gradients back."""
        with self._place():
            self._begin(step=True)
            write(self._by_key(held.assigned), self._components)

    def _traces_calls(self) -> bool:
        return self._traced and tf.executing_eagerly()

    def _begin(self, *, step: bool) -> None:
        self._operands.begin(step=step)
        self._components = self._operands.components

    def _starts(self, operands: Iterable[Operand]) -> Values:
        return self._by_name({key: value for each in operands for key, value in each.gather().items()})

    def _run_core(self, operands: Iterable[Operand], starts: Values, decision: Decision) -> list[Tensor]:
        ends = self._core(decision.gradients, starts, decision.given, decision.assigned)
        self._scatter(operands, ends)
        return [tf.constant(True), *(ends[self.plan.names[id(share)]] for share in self.moved)]

    def _write(self, assigned: Values | None) -> list[Tensor]:
        write(self._by_key(assigned), self._components)
        # tf.cond wants the same structure from both branches, and traces the other one first.
        return [tf.constant(False), *map(self._shares.old, self.moved)]

    def _by_key(self, values: Values | None) -> dict[int, Tensor]:
        return {self.plan.keys[name]: value for name, value in (values or {}).items()}

    def _by_name(self, values: Mapping[int, Tensor]) -> Values:
        return {self.plan.names[key]: value for key, value in values.items()}

    def _scatter(self, operands: Iterable[Operand], ends: Values) -> None:
        values = self._by_key(ends)
        for operand in operands:
            operand.scatter(values)

    def _frame(
        self,
        starts: Values,
        assigned: Values | None = None,
        given: Sequence[Tensor] = (),
        shares: Mapping[int, Tensor] | None = None,
    ) -> Frame:
        return Frame(
            self._components,
            self.plan.paths,
            {**self._by_key(starts), **(shares or {})},
            self.plan.table.computed,
            earlier=self._by_key(assigned),
            conditions=self.plan.conditions(self._operands.waiting, given),
            stacks={id(pack): pack.stacked for pack in self.plan.packing.packs},
            scratches=self.plan.table.scratches,
        )

    def _ends(self, frame: Frame) -> Values:
        """Return the new values of those that a frame started from, once all else is written."""
        return frame.effects.settled(self._by_name(self._shares.rounded(frame.ends)))

    def _open_step(self, frame: Frame, given: Sequence[Tensor]) -> Step:
        flags = dict(zip(map(id, whole(self._operands.waiting)), given, strict=True))
        return self.plan.step(frame, whole(self._operands.stepped), whole(self._operands.absent), flags)

    def _trace_core(
        self,
        gradients: Sequence[Tensor],
        starts: Values,
        given: Sequence[Tensor],
        assigned: Values | None,
    ) -> Values:
        opened = self._frame(starts, assigned, given, self._shares.begin())
        with distribution.tracing(self._variables[0]), opened as frame:
            step = self._open_step(frame, given)
            CoreStages(self.plan, step, self._operands, gradients).run()
            ends = self._ends(frame)
        self.moved = self._moved(ends)
        self._count("core")
        return ends

    def _moved(self, ends: Values) -> list[Share]:
        return [share for share in self._shares if self.plan.names[id(share)] in ends]

    def _trace_gate(self, gradients: Sequence[Tensor], starts: Values) -> Decision:
        """Let all gates decide, or those that come before the sum over replicas."""
        return self._decide(gradients, starts, lambda hook: hook.before_sum or not self.plan.holds)

    def _trace_late_gate(
        self, gradients: Sequence[Tensor], starts: Values, given: Sequence[Tensor], assigned: Values | None
    ) -> Decision:
        """Let gates decide that come after the sum; those before it have `given` and `assigned` this."""
        return self._decide(gradients, starts, lambda hook: not hook.before_sum, given, assigned)

    def _decide(
        self,
        gradients: Sequence[Tensor],
        starts: Values,
        takes_part: Callable[[Hook], bool],
        given: Sequence[Tensor] | None = None,
        assigned: Values | None = None,
    ) -> Decision:
        self._count("gate")
        waiting = whole(self._operands.waiting)
        with distribution.tracing(self._variables[0]), self._frame(starts, assigned) as frame:
            if given is None:
                given = [tf.constant(False) for _ in waiting]
                gradients = [*gradients, *(tf.zeros(each.shape, each.dtype) for each in waiting)]
            step = self._open_step(frame, given)
            values = computable(gradients, step)
            for stage in self.plan.pipeline.stages("gate"):
                values = self.plan.pipeline.decide(stage, values, step, takes_part)
            given = [step.numbers.given[id(each)] for each in waiting]
            # State of a gate changes in every call: that a step was held back is counted there.
            if self._gate_writes:
                commit(frame)
                return Decision(values, frame.proceeds, given)
            assigned = self._by_name(frame.captured())
            return frame.effects.settled(Decision(values, frame.proceeds, given, assigned))

    def _count(self, part: str) -> None:
        # What is not traced runs in every step.
        if not tf.executing_eagerly():
            self._traces.append(part)

    def finalize(self, with_state: bool) -> list[tuple[Share, Tensor]]:
        """Assign the final values of this device's variables and, `with_state`, those of state.

        Returns the new shares of those whose state is sharded.
        """
        self._begin(step=False)
        operands = self._operands.joined(self._operands.present)
        opened = self._frame(self._starts(operands), shares=self._shares.begin())
        with distribution.tracing(self._variables[0]), opened as frame:
            absent = [*self._operands.waiting, *self._operands.absent]
            step = self.plan.step(frame, whole(self._operands.present), whole(absent))
            if self._shares:
                present = self._operands.present
                step = self._shares.step(step, present, [*present, *absent])
            for stage in self.plan.pipeline.stages("end"):
                self.plan.pipeline.run(stage, step)
            commit(frame, lambda key: with_state or key in self.plan.variables.paths)
            ends = self._ends(frame)
        self._scatter(operands, ends)
        return [(share, ends[self.plan.names[id(share)]]) for share in self._moved(ends)]

    def text(self) -> str:
        """Return the core for dense gradients as XLA has optimized it."""
        operands = self._operands.with_gradients(
            [tf.zeros_like(self._own[id(each)]) for each in self._variables]
        )
        values = [operand.gradient for operand in operands]
        ir = self._core.experimental_get_compiler_ir(values, self._starts(operands), [], None)
        with warnings.catch_warnings():
            # TensorFlow would rather have a platform, and then looks for the variables on its first device.
            warnings.simplefilter("ignore")
            return str(ir(stage="optimized_hlo", device_name=self._devices[0]))

    def _check(self, gradients: Sequence[Tensor], starts: Values) -> None:
        """Fall back to the uncompiled step if XLA has no kernel for something in it."""
        device = self._own[id(self._variables[0])].device
        # The gate hands the core gradients in the dtype to compute in, so its signature differs.
        functions: list[tuple[Function, tuple[object, ...]]] = [(self._core, (gradients, starts, [], None))]
        if self.plan.pipeline.stages("gate"):
            waiting = whole(self._operands.waiting)
            gated = [tf.TensorSpec(each.shape, compute_dtype(each.dtype)) for each in (*gradients, *waiting)]
            given = [tf.TensorSpec([], tf.bool) for _ in waiting]
            functions = [(self._gate, (gradients, starts)), (self._core, (gated, starts, given, None))]
            if self.plan.holds and self.gated:
                functions.append((self._late_gate, (gated, starts, given, None)))
        # Traces without compiling; the traces are those that the step then uses.
        graphs = [function.get_concrete_function(*arguments).graph for function, arguments in functions]
        # After tracing, where a hook may raise an error: the next call has to look again.
        self._checked = True
        if any(warn_of_refused(graph, device) for graph in graphs):
            self._compile(False)
        else:
            warn_of_dropped(graphs)


def _tensor_or_rows(gradient: Gradient) -> Gradient:
    return gradient if isinstance(gradient, tf.IndexedSlices) else tensor(gradient)


def _compiled(
    function: Callable[..., object], jit_compile: bool, signature: Sequence[object] | None = None
) -> Function:
    # AutoGraph would rewrite every line of ours and of the plugins while tracing, at great cost.
    # The partial hides the method, whose traces TensorFlow would add up over all optimizers and
    # report as retracing.
    return tf.function(partial(function), input_signature=signature, jit_compile=jit_compile, autograph=False)
