"""What can be said about Lion."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig

__all__ = ["LionConfig"]


class LionConfig(OptimizerConfig):
    """Steps of one size along the sign of momentum and gradient. One state slot."""

    implementation = "optiplug_lion.lion:Lion"
    paper = "Chen et al. 2023, Symbolic Discovery of Optimization Algorithms, arXiv:2302.06675"
    elementwise = True
    keras_slots = {"m": "momentum", "momentum": "momentum"}

    learning_rate: NonNegativeScalar = 1e-4
    """Size of each step, in every element; 3 to 10 times smaller than for Adam."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum in the direction of a step, in [0, 1); 0 is the sign of the gradient."""
    beta_2: BelowOneScalar = 0.99
    """Share of the momentum that stays at each step, in [0, 1)."""
