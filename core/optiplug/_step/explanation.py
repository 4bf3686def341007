"""What a step does to each variable, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from optiplug._hookspecs import ORDER
from optiplug._plain_text import in_one_line, plain
from optiplug._text_table import table
from optiplug._types import Variable
from optiplug._variables.model_variables import ModelVariables

from .pipeline import Pipeline

__all__ = ["Explanation", "StageEntry", "VariableExplanation", "explain"]


@dataclass(frozen=True)
class StageEntry:
    """One plugin in one stage, and whether it applies to this variable."""

    stage: str
    name: str
    origin: str
    applies: bool = True


@dataclass(frozen=True)
class VariableExplanation:
    """The stages of a step for one variable, in order, including hooks that leave it alone."""

    path: str
    shape: tuple[int | None, ...]
    dtype: str
    parts: tuple[StageEntry, ...]

    @property
    def decayed(self) -> bool:
        """Whether a weight decay applies."""
        return any(part.applies for part in self.parts if part.stage == "decay")


@dataclass(frozen=True)
class Explanation:
    """What an optimizer does to each variable; `str` shows variables that are treated alike together.

    `learning_rate` is that of the next step, None if the optimizer has none. `notes` say what may surprise:
    weight decays that add up, and functions that were traced with other hooks than there are now.
    """

    optimizer: StageEntry
    learning_rate: float | None
    variables: tuple[VariableExplanation, ...]
    notes: tuple[str, ...] = ()

    def __getitem__(self, path: str) -> VariableExplanation:
        return self._by_path[path]

    @cached_property
    def _by_path(self) -> dict[str, VariableExplanation]:
        return {variable.path: variable for variable in self.variables}

    def __str__(self) -> str:
        rate = "" if self.learning_rate is None else f", learning rate {self.learning_rate:g}"
        # Models have hundreds of variables and a handful of treatments.
        alike: dict[tuple[StageEntry, ...], list[VariableExplanation]] = {}
        for variable in self.variables:
            alike.setdefault(variable.parts, []).append(variable)
        blocks = [f"{self.optimizer.name} ({self.optimizer.origin}){rate}"]
        for parts, variables in alike.items():
            names = "\n".join(in_one_line(f"{each.path} {each.dtype} {each.shape}") for each in variables)
            rows = [(part.stage, part.name, part.origin, "yes" if part.applies else "no") for part in parts]
            blocks.append(f"{names}\n{table(['stage', 'name', 'from', 'applies'], rows)}")
        return plain("\n\n".join([*blocks, *(f"note: {note}" for note in self.notes)]))


def explain(
    variables: Iterable[Variable],
    known: ModelVariables,
    pipeline: Pipeline,
    formula: Callable[[Variable], StageEntry],
) -> tuple[VariableExplanation, ...]:
    """Explain a built pipeline for each of these variables; `formula` gives the optimizer of one."""
    # All shards of one that is split up are treated alike, so the first one tells.
    firsts = {id(known.whole(variable)): variable for variable in reversed(list(variables))}
    return tuple(
        VariableExplanation(
            known.path(variable),
            tuple(known.whole(variable).shape),
            variable.dtype.name,
            tuple(_entries(variable, known, pipeline, formula(variable))),
        )
        for variable in reversed(firsts.values())
    )


def _entries(
    variable: Variable, known: ModelVariables, pipeline: Pipeline, formula: StageEntry
) -> Iterator[StageEntry]:
    constraint = known.constraint(variable)
    for stage in ORDER:
        if stage.takes_hooks:
            for name, chosen in pipeline.chain(stage.name):
                yield StageEntry(stage.name, name, pipeline.origin(name), id(variable) in chosen)
        elif stage.name == formula.stage:
            yield formula
        elif stage.name == "constraint" and constraint is not None:
            yield StageEntry(stage.name, type(constraint).__name__, "the variable")
