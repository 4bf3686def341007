"""The stages of a step that a hook can take part in, as pluggy hook specifications.

A hook is any object with methods marked `hookimpl` and named after a stage::

    from optiplug import hookimpl

    class Halve:
        @hookimpl
        def clip(self, gradients, step):
            return [gradient / 2 for gradient in gradients]

A method may leave out arguments that it does not need. Hooks run while the step is
traced, in the order in which the config lists them, and cost nothing afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import pluggy

__all__ = ["STAGES", "Stages", "hook_names", "hookimpl"]

Step: TypeAlias = Any  # an `optiplug.Step`, whose module imports TensorFlow as this one must not

hookspec = pluggy.HookspecMarker("optiplug")
hookimpl = pluggy.HookimplMarker("optiplug")

_MARK = f"{hookimpl.project_name}_impl"  # the attribute that pluggy sets on a marked function


class Stages:
    """The signatures of the stages, in the order in which a step runs them."""

    @hookspec
    def rate(self, rates: Sequence[Any], step: Step) -> Sequence[Any]:
        """Change the learning rate of each variable: scalar tensors, before all that depends on them."""
        raise NotImplementedError

    @hookspec
    def pre_aggregate(self, gradients: Sequence[Any], step: Step) -> Sequence[Any]:
        """Change each replica's own gradients, before they are summed over replicas."""
        raise NotImplementedError

    @hookspec
    def gate(self, gradients: Sequence[Any], step: Step) -> tuple[Sequence[Any], Any]:
        """Return (gradients, proceed): a scalar boolean tensor that says whether this step happens."""
        raise NotImplementedError

    @hookspec
    def clip(self, gradients: Sequence[Any], step: Step) -> Sequence[Any]:
        """Change the summed gradients, with the whole list in sight."""
        raise NotImplementedError

    @hookspec
    def decay(self, gradients: Sequence[Any], step: Step) -> Sequence[Any]:
        """Decay weights: change gradients (coupled) or assign `step.variables` (decoupled)."""
        raise NotImplementedError

    @hookspec
    def update(self, updates: Sequence[Any], step: Step) -> Sequence[Any]:
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


STAGES: tuple[str, ...] = tuple(name for name in vars(Stages) if not name.startswith("_"))


def hook_names(thing: Any) -> tuple[str, ...]:
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
    lineage = (thing if isinstance(thing, type) else type(thing)).__mro__
    members = {name: member for each in reversed(lineage) for name, member in vars(each).items()}
    return tuple(sorted(name for name, member in members.items() if _MARK in getattr(member, "__dict__", {})))
