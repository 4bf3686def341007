"""What the forms of decoupled weight decay have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from optiplug import Processor, Step, Tensor, hookimpl

__all__ = ["DecoupledDecay"]


class DecoupledDecay(Processor):
    """Base of processors that take a share of each variable away before the update."""

    @property
    def idle(self) -> bool:
        """Whether the rate is 0."""
        return bool(self.config.rate == 0)

    @abstractmethod
    def shares(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Return the share to take away of each of `step.variables`, a scalar of its dtype."""

    @hookimpl
    def decay(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Assign the shrunken variables; the gradients pass unchanged."""
        for variable, share in zip(step.variables, self.shares(gradients, step), strict=True):
            variable.assign_sub(variable * share)
        return gradients
