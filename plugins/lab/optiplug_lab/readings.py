"""What the step says about itself: a hook like any other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, ProcessorConfig, Step, Tensor, Variable, hookimpl, numerics

__all__ = ["Readings", "ReadingsConfig"]


class ReadingsConfig(ProcessorConfig):
    """Record learning rate and gradient norm."""

    implementation = "optiplug_lab.readings:Readings"

    rate: bool = True
    """Whether the optimizer has a learning rate; without one NaN stands for it."""


class Readings(Processor):
    """Record the learning rate, and the global norm of the gradients, of the last committed step.

    Being the first hook of the compiled core, it sees the gradients of the whole batch, summed
    over the devices and not yet clipped.
    """

    Config = ReadingsConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the two scalars."""
        super().build(variables)
        self.learning_rate = self.add_state("learning_rate", initial=math.nan)
        self.gradient_norm = self.add_state("gradient_norm")

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Record both; the gradients pass unchanged."""
        if self.config.rate:
            self.learning_rate.assign(step.rate(tf.float32))
        self.gradient_norm.assign(numerics.global_norm(gradients))
        return gradients
