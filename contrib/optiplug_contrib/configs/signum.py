"""Config of signum."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig

__all__ = ["SignumConfig"]


class SignumConfig(OptimizerConfig):
    """A step of one size in every element, along the sign of a momentum. One state slot."""

    implementation = "optiplug_contrib.signum:Signum"
    paper = (
        "Bernstein, Wang, Azizzadenesheli and Anandkumar 2018, "
        "signSGD: Compressed Optimisation for Non-Convex Problems, arXiv:1802.04434"
    )
    elementwise = True

    learning_rate: NonNegativeScalar = 1e-4
    """Size of the step in each element."""
    momentum: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1); 0 keeps no state (signSGD)."""
