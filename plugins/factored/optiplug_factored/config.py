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
    """Gradients divided by the root of a second moment, in two small slots if factored, else one.

    Variables with two long axes are factored; with momentum there is one more slot.
    """

    implementation = "optiplug_factored.adafactor:Adafactor"
    paper = (
        "Shazeer and Stern 2018, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, "
        "arXiv:1804.04235"
    )

    learning_rate: NonNegativeScalar = 1e-3
    """Step size; a share of the variable's own size while `multiply_by_parameter_scale` is on."""
    beta_2_decay: Annotated[Scalar, Number(le=0)] = -0.8
    """Exponent of the step, counted from 1, that gives the share of new squares in the second moment."""
    epsilon_1: PositiveScalar = 1e-30
    """Added to each squared gradient."""
    epsilon_2: NonNegativeScalar = 1e-3
    """The least size that a variable is taken to have."""
    clip_threshold: PositiveScalar | None = 1.0
    """Upper bound of the root mean square of an update before its step size; None: no bound."""
    relative_step: bool = True
    """Bound the learning rate by one over the root of the step, counted from 1."""
    multiply_by_parameter_scale: bool = True
    """Multiply the learning rate by the root mean square of the variable."""
    momentum: BelowOneScalar = 0.0
    """Share of the running mean of updates that stays at each step; 0 keeps no such mean."""
    min_dim_size_to_factor: PositiveInt = 128
    """Variables are factored whose two longest axes are both at least this long."""
    decay_offset: NonNegativeInt = 0
    """The step from which `beta_2_decay` counts, for fine-tuning that continues a count of steps."""


class SM3Config(OptimizerConfig):
    """Adagrad with sums of squares per row and column. One small slot per axis, one for momentum."""

    implementation = "optiplug_factored.sm3:SM3"
    paper = "Anil, Gupta, Koren and Singer 2019, Memory-Efficient Adaptive Optimization, arXiv:1901.11150"

    learning_rate: NonNegativeScalar = 0.1
    """Step size; close to the change of an element in the first step, without momentum."""
    momentum: BelowOneScalar = 0.9
    """Share of the running mean of updates that stays at each step; 0 keeps no such mean."""
    epsilon: NonNegativeScalar = 0.0
    """Added to the accumulated squares under the root. The paper has none: 0 divided by 0 counts as 0."""
