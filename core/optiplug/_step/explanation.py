"""What a step does to each variable, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from optiplug._hookspecs import STAGES
from optiplug._text_table import table
from optiplug._variables.model_variables import Parameters

from .pipeline import Pipeline

__all__ = ["Explanation", "Part", "VariableExplanation", "explain"]

UPDATE, CONSTRAINT = "update_step", "constraint"

Chain: TypeAlias = list[tuple[str, frozenset[int]]]


@dataclass(frozen=True)
class Part:
    """What one plugin does in one stage, and whether it does it to this variable."""

    stage: str
    name: str
    origin: str
    applies: bool = True


@dataclass(frozen=True)
class VariableExplanation:
    """The parts of a step in their order, those that leave this variable alone included."""

    path: str
    shape: tuple[int | None, ...]
    dtype: str
    parts: tuple[Part, ...]

    @property
    def decayed(self) -> bool:
        """Whether a weight decay applies."""
        return any(part.applies for part in self.parts if part.stage == "decay")


@dataclass(frozen=True)
class Explanation:
    """What an optimizer does to each variable; `str` shows variables that are treated alike together.

    `learning_rate` is that of the next step, None if the optimizer has none.
    """

    optimizer: Part
    learning_rate: float | None
    variables: tuple[VariableExplanation, ...]

    def __getitem__(self, path: str) -> VariableExplanation:
        return {variable.path: variable for variable in self.variables}[path]

    def __str__(self) -> str:
        rate = "" if self.learning_rate is None else f", learning rate {self.learning_rate:g}"
        alike: dict[tuple[Part, ...], list[VariableExplanation]] = {}
        for variable in self.variables:
            alike.setdefault(variable.parts, []).append(variable)
        blocks = [f"{self.optimizer.name} ({self.optimizer.origin}){rate}"]
        for parts, variables in alike.items():
            names = "\n".join(f"{each.path} {each.dtype} {each.shape}" for each in variables)
            rows = [(part.stage, part.name, part.origin, "yes" if part.applies else "no") for part in parts]
            blocks.append(f"{names}\n{table(['stage', 'name', 'from', 'applies'], rows)}")
        return "\n\n".join(blocks)


def explain(
    variables: Iterable[Any], parameters: Parameters, pipeline: Pipeline, formula: Callable[[Any], Part]
) -> tuple[VariableExplanation, ...]:
    """Return what a built pipeline does to each of these variables; `formula` is what updates one."""
    chains = {stage: pipeline.chain(stage) for stage in STAGES}
    return tuple(
        VariableExplanation(
            parameters.path(variable),
            tuple(variable.shape),
            variable.dtype.name,
            tuple(_parts(variable, parameters, chains, pipeline, formula(variable))),
        )
        for variable in variables
    )


def _parts(
    variable: Any, parameters: Parameters, chains: Mapping[str, Chain], pipeline: Pipeline, optimizer: Part
) -> Iterator[Part]:
    for stage, chain in chains.items():
        for name, chosen in chain:
            yield Part(stage, name, pipeline.origin(name), id(variable) in chosen)
        if stage == "decay":
            yield optimizer
        constraint = parameters.constraint(variable)
        if stage == "update" and constraint is not None:
            yield Part(CONSTRAINT, type(constraint).__name__, "the variable")
