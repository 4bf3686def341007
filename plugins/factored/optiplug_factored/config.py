"""Configs of adafactor and sm3."""

from __future__ import annotations

from typing import Annotated

from optiplug import (
    BelowOneScalar,
    NonNegativeInt,
    NonNegativeScalar,
    Number,
    OptimizerConfig,
    PositiveInt,
    PositiveScalar,
    Scalar,
)

__all__ = ["AdafactorConfig", "SM3Config"]


class AdafactorConfig(OptimizerConfig):
    """Adaptive step sizes from a second moment factored into rows and columns. Two small state slots.

    Variables with two long axes are factored; with momentum there is one more slot.
    """

    implementation = "optiplug_factored.adafactor:Adafactor"
    needs = {"epsilon_2": "multiply_by_parameter_scale"}
    paper = (
        "Shazeer and Stern 2018, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, "
        "arXiv:1804.04235"
    )
    passes = {
        "the norms of gradient, variable and update": 3,
        "squares that are written to memory for their means over rows and columns": 4,
    }

    learning_rate: NonNegativeScalar = 1e-3
    """Step size, relative to the RMS of the variable while `multiply_by_parameter_scale` is on."""
    beta_2_decay: Annotated[Scalar, Number(le=0)] = -0.8
    """Exponent d of the decay rate of the second moment at step t, ``1 - t^d``."""
    epsilon_1: PositiveScalar = 1e-30
    """Small constant for numerical stability, added to each squared gradient."""
    epsilon_2: NonNegativeScalar = 1e-3
    """Lower bound of the RMS of a variable, by which the step size is multiplied."""
    clip_threshold: PositiveScalar | None = 1.0
    """Upper bound of the RMS of an update before its step size; None does not clip."""
    relative_step: bool = True
    """Bound the learning rate by the inverse square root of the step, counted from 1."""
    multiply_by_parameter_scale: bool = True
    """Multiply the learning rate by the RMS of the variable."""
    momentum: BelowOneScalar = 0.0
    """Decay rate of the exponential moving average of the updates; 0 keeps no state slot for it."""
    min_dim_size_to_factor: PositiveInt = 128
    """Smallest length of the two longest axes for a variable to be factored."""
    decay_offset: NonNegativeInt = 0
    """Step from which the decay rate counts, for fine-tuning that continues a count of steps."""


class SM3Config(OptimizerConfig):
    """Adagrad with accumulators per row and column. One small state slot per axis, one for momentum."""

    implementation = "optiplug_factored.sm3:SM3"
    paper = "Anil, Gupta, Koren and Singer 2019, Memory-Efficient Adaptive Optimization, arXiv:1901.11150"
    passes = {"squares that are written to memory for their largest in each row and column": 5}

    learning_rate: NonNegativeScalar = 0.1
    """Step size, close to the change of an element in the first step without momentum."""
    momentum: BelowOneScalar = 0.9
    """Decay rate of the exponential moving average of the updates; 0 keeps no state slot for it."""
    epsilon: NonNegativeScalar = 0.0
    """Small constant for numerical stability, added to the squares, inside the root; the paper has none."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold without an epsilon."""
        if self.epsilon != 0:
            return {}
        return {
            "same_at_every_size_of_gradients": "squares below 1e-38 are 0 in float32, and so are the steps"
        }
