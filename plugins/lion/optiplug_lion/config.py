"""What can be said about Lion."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig

__all__ = ["LionConfig"]


class LionConfig(OptimizerConfig):
    """Steps along the sign of an interpolation between momentum and gradient. One state slot."""

    implementation = "optiplug_lion.lion:Lion"
    paper = "Chen et al. 2023, Symbolic Discovery of Optimization Algorithms, arXiv:2302.06675"
    elementwise = True
    complex_variables = True
    keras_slots = {"m": "momentum", "momentum": "momentum"}

    learning_rate: NonNegativeScalar = 1e-4
    """Step size in every element; 3 to 10 times smaller than for Adam."""
    beta_1: BelowOneScalar = 0.9
    """Weight of the momentum in the update; 0 is the sign of the gradient."""
    beta_2: BelowOneScalar = 0.99
    """Decay rate of the momentum."""
