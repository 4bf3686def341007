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
    """Adam in the eigenbasis of Shampoo's preconditioner. Two state slots, and two for each axis."""

    implementation = "optiplug_contrib.soap:SOAP"
    stackable = True
    paper = (
        "Vyas, Morwani, Zhao, Kwun, Shapira, Brandfonbrener, Janson and Kakade 2024, "
        "SOAP: Improving and Stabilizing Shampoo using Adam, arXiv:2409.11321"
    )
    copies = "the bases: in most steps the loop that turns them hands back what it was given"

    learning_rate: NonNegativeScalar = 3e-3
    """Step size, close to the largest change along a direction of the basis in one step."""
    beta_1: BelowOneScalar = 0.95
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.95
    """Decay rate of the second moment."""
    shampoo_beta: BelowOneScalar | None = None
    """Decay rate of the covariances of the gradient; None: `beta_2`."""
    epsilon: PositiveFloat = 1e-8
    """Small constant for numerical stability, added to the denominator."""
    precondition_frequency: PositiveInt = 10
    """Number of steps between two updates of the eigenbases."""
    max_preconditioner_dim: NonNegativeInt = 4096
    """Largest length of an axis with an eigenbasis; longer ones keep the standard basis, without state."""

    @property
    def no_mesh(self) -> str:  # type: ignore[override]  # it depends on a hyperparameter
        """What only bases need."""
        return "DTensor cannot take the diagonal of a matrix" if self.max_preconditioner_dim > 1 else ""

    @property
    def exemptions(self) -> dict[str, str]:
        """What no number can say."""
        reason = "in one of `precondition_frequency` steps it decomposes bases, in a pass for each column"
        return {"passes_are_explained": reason}
