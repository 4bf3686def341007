"""Config of soap."""

from __future__ import annotations

from optiplug import (
    BelowOneScalar,
    NonNegativeInt,
    NonNegativeScalar,
    OptimizerConfig,
    PositiveFloat,
    PositiveInt,
)

__all__ = ["SOAPConfig"]


class SOAPConfig(OptimizerConfig):
    """Adam in the eigenbasis of the gradients of a matrix. Two state slots, and two for each axis."""

    implementation = "optiplug_contrib.soap:SOAP"
    paper = (
        "Vyas, Morwani, Zhao, Kwun, Shapira, Brandfonbrener, Janson and Kakade 2024, "
        "SOAP: Improving and Stabilizing Shampoo using Adam, arXiv:2409.11321"
    )

    learning_rate: NonNegativeScalar = 3e-3
    """Step size: close to the largest change along a direction of the basis in one step."""
    beta_1: BelowOneScalar = 0.95
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.95
    """Share of the second moment that stays at each step, in [0, 1)."""
    shampoo_beta: BelowOneScalar | None = None
    """Share of the covariances that stays at each step, in [0, 1); None: `beta_2`."""
    epsilon: PositiveFloat = 1e-8
    """Added to the root of the second moment."""
    precondition_frequency: PositiveInt = 10
    """Every so many steps the bases are brought up to date."""
    max_preconditioner_dim: NonNegativeInt = 4096
    """Axes longer than this keep their own basis, and have no state."""
