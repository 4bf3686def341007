"""The stages of a step, in their order, and the hook specifications of those that hooks take part in.

A hook is a method that is marked `hookimpl` and named after a stage; an object with hooks is a processor::

    from optiplug import hookimpl

    class Halve:
        @hookimpl
        def clip(self, gradients, step):
            return [gradient / 2 for gradient in gradients]

A hook may leave out arguments that it does not need. Hooks run while the step is traced, in
the order in which the config lists their processors, and cost nothing afterwards.

To add a stage, add it to `ORDER` and its signature to `HookSpecs`: the step, the checks of hooks, the
explanations and the documentation read both.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import pluggy

if TYPE_CHECKING:  # TensorFlow takes seconds to import, and this file is read by the command line
    from ._step.step import Step
    from ._types import Gradient, Tensor

__all__ = [
    "ORDER",
    "STAGES",
    "STAGES_OF_SHARES",
    "HookSpecs",
    "Part",
    "Stage",
    "hook_names",
    "hook_options",
    "hookimpl",
]

hookspec = pluggy.HookspecMarker("optiplug")
hookimpl = pluggy.HookimplMarker("optiplug")
"""Decorator that marks a method as a hook for the stage of its name; pluggy's options are refused."""

_MARK = f"{hookimpl.project_name}_impl"  # the attribute that pluggy sets on a marked function


class HookSpecs:
    """The signatures of the stages that hooks take part in."""

    @hookspec
    def rate(self, rates: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Change the learning rate of each variable: scalar tensors, before all that depends on them."""
        raise NotImplementedError

    @hookspec
    def pre_aggregate(self, gradients: Sequence[Gradient], step: Step) -> Sequence[Gradient]:
        """Change each replica's own gradients, before they are summed over replicas."""
        raise NotImplementedError

    @hookspec
    def gate(self, gradients: Sequence[Tensor], step: Step) -> tuple[Sequence[Tensor], Tensor]:
        """Return (gradients, proceed): a scalar boolean tensor that says whether this step happens."""
        raise NotImplementedError

    @hookspec
    def clip(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Change the summed gradients, with the whole list in sight."""
        raise NotImplementedError

    @hookspec
    def decay(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Decay weights: change gradients (coupled) or assign `step.variables` (decoupled)."""
        raise NotImplementedError

    @hookspec
    def update(self, updates: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Change what the optimizer proposes to add to each variable."""
        raise NotImplementedError

    @hookspec
    def post_step(self, step: Step) -> None:
        """Look at, or average, the new values of the variables."""
        raise NotImplementedError

    @hookspec
    def finalize(self, step: Step) -> None:
        """Assign the final values of the variables when training ends."""
        raise NotImplementedError


Part: TypeAlias = Literal["every part", "replica", "gate", "core", "end"]
"""The part of a step that a stage belongs to; each part is traced separately."""


@dataclass(frozen=True)
class Stage:
    """One stage: a hook specification of its name says what hooks do in it, or `built_in` what the step does.

    >>> clip = next(stage for stage in ORDER if stage.name == "clip")
    >>> clip.passes, clip.summary
    ('gradients', 'Change the summed gradients, with the whole list in sight.')
    """

    name: str
    part: Part
    built_in: str = ""

    @property
    def takes_hooks(self) -> bool:
        """Whether hooks take part in it."""
        return not self.built_in

    @property
    def passes(self) -> str:
        """The name of what is handed from hook to hook; empty where hooks return nothing."""
        arguments = (
            list(inspect.signature(getattr(HookSpecs, self.name)).parameters) if self.takes_hooks else []
        )
        return next((name for name in arguments if name not in {"self", "step"}), "")

    @property
    def summary(self) -> str:
        """What happens in it, in one line."""
        return self.built_in or (inspect.getdoc(getattr(HookSpecs, self.name)) or "").partition("\n")[0]


ORDER: tuple[Stage, ...] = (
    # First, since everything else may read a rate: docs/design/nesting.md.
    Stage("rate", "every part"),
    Stage("pre_aggregate", "replica"),
    # Before gates and clips, so that results do not depend on the number of replicas.
    Stage("aggregate", "replica", "Gradients are summed over replicas, then duplicate rows of sparse ones."),
    Stage("gate", "gate"),
    Stage("clip", "core"),
    # Here, so that gates and clips see whole gradients, and no formula more than its share.
    Stage("share", "core", "With `sharded_state` a replica goes on with its share of each large variable."),
    Stage("decay", "core"),
    Stage("update_step", "core", "The optimizer, or the one inside of it for that variable, updates it."),
    Stage("update", "core"),
    # After `update`, so that hooks cannot break a constraint; before averages see the values.
    Stage("constraint", "core", "The constraints that variables have are applied."),
    Stage("post_step", "core"),
    Stage("commit", "core", "What was assigned is written, and `iterations` grows by one."),
    Stage("finalize", "end"),
)
"""Everything that happens in a step, in its order, and what happens when training ends."""

_SHARE = next(place for place, stage in enumerate(ORDER) if stage.name == "share")

STAGES_OF_SHARES: frozenset[str] = frozenset(stage.name for stage in ORDER[_SHARE:] if stage.takes_hooks)
"""The names of the stages whose hooks see shares of large variables where state is sharded."""

STAGES: tuple[str, ...] = tuple(stage.name for stage in ORDER if stage.takes_hooks)
"""The names of the stages that hooks take part in."""


def hook_options(method: object) -> Mapping[str, object]:
    """Return the options of pluggy that a method is marked with."""
    options: Mapping[str, object] = getattr(method, _MARK, {})
    return options


def hook_names(thing: object) -> tuple[str, ...]:
    """Return the names of the methods of an object, or a class, that are marked with `hookimpl`.

    Nothing of the object is run, neither properties nor `__getattr__`.

    Examples
    --------
    >>> class Watch:
    ...     @hookimpl
    ...     def post_step(self, step): ...
    >>> hook_names(Watch())
    ('post_step',)
    """
    # Through `vars`: `getattr` would run properties, which may import or create things.
    lineage = (thing if isinstance(thing, type) else type(thing)).__mro__
    members = {name: member for each in reversed(lineage) for name, member in vars(each).items()}
    return tuple(sorted(name for name, member in members.items() if _MARK in getattr(member, "__dict__", {})))
