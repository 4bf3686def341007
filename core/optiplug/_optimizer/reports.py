"""What an optimizer tells of itself, before or after it is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tensorflow as tf

from optiplug import registry
from optiplug._schedule import evaluate
from optiplug._state.memory_report import StateReport, report
from optiplug._step.explanation import UPDATE, Explanation, Part, VariableExplanation, explain
from optiplug._step.pipeline import Pipeline
from optiplug._step.program import Program
from optiplug._variables.pairs import unwrapped
from optiplug.errors import BuildError, PluginError

from .dry_build import Rehearsal

__all__ = ["Reports"]


class Reports(Rehearsal):
    """Mixin of `Optimizer`: its state in bytes, and what it does to each variable."""

    _pipeline: Pipeline
    _late: Callable[[Iterable[Any]], list[Any]]
    branch: Any
    _programs_of: Callable[[Sequence[Any]], dict[int, Program]]

    def state_report(self, variables: Iterable[Any] | None = None) -> StateReport:
        """Return how many bytes the state takes, by model variable and slot.

        Parameters
        ----------
        variables
            Variables of a model; nothing is created for them. By default those that the optimizer
            is built with.

        Raises
        ------
        BuildError
            If there are no variables.

        Examples
        --------
        >>> import optiplug, tensorflow as tf
        >>> kernel = tf.Variable(tf.zeros([256, 10]), name="kernel")
        >>> report = optiplug.create("adam").state_report([kernel])
        >>> report.total
        20492
        >>> print(report)
        bytes          momentum  second_moment   total
        kernel           10,240         10,240  20,480
        iterations                                   8
        learning_rate                                4
        total            10,240         10,240  20,492
        """
        wanted = self._wanted(variables, "state_report")
        if self._late(wanted):
            twin: Reports = self._rehearsed([*self._parameters, *self._late(wanted)])
            return twin.state_report(wanted)
        return report(self.state, map(self._parameters.path, wanted))

    def explain(self, variables: Iterable[Any] | None = None) -> Explanation:
        """Return what a step does to each variable: stages and processors in their order.

        Parameters
        ----------
        variables
            Variables of a model; nothing is created for them. By default those that the optimizer
            is built with.

        Raises
        ------
        BuildError
            If there are no variables.

        Examples
        --------
        >>> import optiplug, tensorflow as tf
        >>> kernel, bias = tf.Variable([[1.0]], name="kernel"), tf.Variable([1.0], name="bias")
        >>> decay = {"use": "weight_decay", "rate": 0.1, "skip": ["bias"]}
        >>> told = optiplug.create("sgd", learning_rate=0.5, processors=[decay]).explain([kernel, bias])
        >>> told["kernel"].decayed, told["bias"].decayed, told.learning_rate
        (True, False, 0.5)
        """
        wanted = self._wanted(variables, "explain")
        late = self._late(wanted)
        twin: Reports = self._rehearsed([*self._parameters, *late]) if late else self
        return Explanation(_part(self), self._next_rate(), twin._explained(wanted))

    def compiled_program(self) -> str:
        """Return the compiled core of a step on one device, for all variables, as XLA has optimized it.

        Raises
        ------
        BuildError
            If there are no variables yet, or if nothing is compiled.

        Examples
        --------
        >>> import optiplug, tensorflow as tf
        >>> optimizer = optiplug.create("sgd", momentum=0.9)
        >>> optimizer.build([tf.Variable(tf.zeros([64, 33]))])
        >>> "fusion" in optimizer.compiled_program(), " copy(" in optimizer.compiled_program()
        (True, False)
        """
        variables = self._wanted(None, "compiled_program")
        if not self._compiles:
            raise BuildError(
                "only what XLA compiles has a compiled program",
                where=f"{self.name}.compiled_program",
                hint="set jit_compile=True; on a DTensor mesh nothing is compiled",
            )
        return next(iter(self._programs_of(variables).values())).text()

    def _explained(self, variables: Iterable[Any]) -> tuple[VariableExplanation, ...]:
        return explain(
            variables, self._parameters, self._pipeline, lambda each: _part(self.branch.leaf(each))
        )

    def _wanted(self, variables: Iterable[Any] | None, method: str) -> list[Any]:
        wanted = list(self._parameters) if variables is None else [unwrapped(each) for each in variables]
        if not wanted:
            raise BuildError(
                "there are no variables yet",
                where=f"{self.name}.{method}",
                hint=f"hand over those of the model: {method}(model.trainable_variables)",
            )
        return wanted

    def _next_rate(self) -> float | None:
        """Return the learning rate of the next step without creating a variable."""
        held, rate = self.state.states, self._learning_rate
        if rate is None:
            return None
        if isinstance(rate, int | float):
            return self._current_rate()
        iteration = held["iterations"].value if "iterations" in held else tf.constant(0, tf.int64)
        return float(evaluate(rate, iteration, tf.float32))


def _part(optimizer: Any) -> Part:
    """Return what an optimizer does in a step, with where it comes from."""
    try:
        entry = registry.find("optimizers", registry.reference_of(type(optimizer.config)))
        origin = f"{entry.distribution} {entry.version}"
    except PluginError:
        origin = f"{type(optimizer).__module__}.{type(optimizer).__qualname__}"
    return Part(UPDATE, optimizer.owner or optimizer.name, origin)
