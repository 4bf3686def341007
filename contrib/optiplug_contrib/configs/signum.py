"""Config of signum."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig

__all__ = ["SignumConfig"]


class SignumConfig(OptimizerConfig):
    """Steps along the sign of the momentum, or of the gradient (signSGD). One state slot."""

    implementation = "optiplug_contrib.signum:Signum"
    paper = (
        "Bernstein, Wang, Azizzadenesheli and Anandkumar 2018, "
        "signSGD: Compressed Optimisation for Non-Convex Problems, arXiv:1802.04434"
    )
    elementwise = True
    complex_variables = True

    learning_rate: NonNegativeScalar = 1e-4
    """Step size in every element."""
    momentum: BelowOneScalar = 0.9
    """Decay rate of the momentum; 0 keeps no state (signSGD)."""
