"""What the projections of weights have in common that go by the norm of each unit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from optiplug import Processor, Step, Tensor, Variable, Working, hookimpl

from .unit_axes import axes_of, norms

__all__ = ["Projection"]


class Projection(Processor):
    """Base of processors that scale the weights of each unit after the update; the config has `axis`."""

    def build(self, variables: Sequence[Variable]) -> None:
        """Refuse variables without the axis."""
        super().build(variables)
        # At build, where an error still names what is wrong, and not in the middle of a trace.
        for variable in variables:
            self._axes(variable)

    def _axes(self, variable: Variable | Working) -> list[int]:
        return axes_of(variable, self.config.axis, f"{self.owner}.axis")

    @hookimpl
    def post_step(self, step: Step) -> None:
        """Project each variable that was updated."""
        for variable in step.variables:
            axes = self._axes(variable)
            if axes:
                variable.assign(self.projected(variable, norms(variable, axes), step))

    @abstractmethod
    def projected(self, weights: Working, norm: Tensor, step: Step) -> Tensor:
        """Return the new weights; `norm` has that of each unit, in a shape that multiplies `weights`."""
