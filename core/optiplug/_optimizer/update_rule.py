"""What the parts of an optimizer ask of the class that a user writes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from optiplug._config.kinds import OptimizerConfig
from optiplug._types import Tensor, Variable
from optiplug._variables.capture import Working

__all__ = ["Groups", "UpdateRule"]

Groups: TypeAlias = Mapping[str, tuple[OptimizerConfig, Sequence[Variable]]]
"""By the name of each optimizer inside of another, its config and the variables that it updates."""


class UpdateRule(Protocol):
    """The methods of an `Optimizer` that a subclass may override, as seen from below.

    Where a class written for Keras keeps whether it is built, `_built` says so.
    """

    _built: bool

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state for these variables."""

    def groups(self, variables: Sequence[Variable]) -> Groups:
        """Return the variables that optimizers inside of this one update."""

    def stack_key(self, variable: Variable) -> Hashable:
        """Return what is equal for variables that its formula may have stacked."""

    def update_variables(self, gradients: Sequence[Tensor], variables: Sequence[Working]) -> None:
        """Update its own variables."""

    def get_config(self) -> dict[str, Any]:
        """Return its hyperparameters as plain values."""
