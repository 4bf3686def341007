"""What the forms of decoupled weight decay have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from optiplug import Processor, Step, Tensor, hookimpl

__all__ = ["DecoupledDecay"]


class DecoupledDecay(Processor):
    """Base of processors that shrink each variable before the update, by a coefficient of its own."""

    @property
    def idle(self) -> bool:
        """Whether the rate is 0."""
        return bool(self.config.rate == 0)

    @abstractmethod
    def coefficients(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Return what each of `step.variables` is multiplied by and reduced by, a scalar of its dtype."""

    @hookimpl
    def decay(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Assign the shrunken variables; the gradients pass unchanged."""
        for variable, coefficient in zip(step.variables, self.coefficients(gradients, step), strict=True):
            variable.assign_sub(variable * coefficient)
        return gradients
