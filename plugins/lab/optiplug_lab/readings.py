"""What the step says about itself: a hook like any other, and the rates that it runs with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optiplug import Optimizer, Processor, ProcessorConfig, Step, Tensor, Variable, hookimpl, numerics

__all__ = ["Readings", "ReadingsConfig", "with_rates"]


class ReadingsConfig(ProcessorConfig):
    """Record the gradient norm."""

    implementation = "optiplug_lab.readings:Readings"


class Readings(Processor):
    """Record the global norm of the gradients of the last committed step.

    Being the first hook of the compiled core, it sees the gradients of the whole batch, summed
    over the devices and not yet clipped.
    """

    Config = ReadingsConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the scalar."""
        super().build(variables)
        self.gradient_norm = self.add_state("gradient_norm")

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Record it; the gradients pass unchanged."""
        self.gradient_norm.assign(numerics.global_norm(gradients))
        return gradients


def with_rates(optimizer: Optimizer, name: str = "learning_rate") -> Iterator[tuple[str, Optimizer]]:
    """Yield each optimizer, nested ones included, that updates variables with a learning rate, by name.

    ``learning_rate`` is that of the outermost one, ``learning_rate/matrices`` that of a group in it.
    """
    if optimizer.own_variables and hasattr(optimizer, "learning_rate"):
        yield name, optimizer
    for inside, nested in optimizer.nested.items():
        yield from with_rates(nested, f"{name}/{inside}")
