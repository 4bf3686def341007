"""Config of dog."""

from __future__ import annotations

from optiplug import NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["DoGConfig"]


class DoGConfig(OptimizerConfig):
    """SGD with a step size of distance over gradients, without a learning rate to tune. One state slot."""

    implementation = "optiplug_contrib.dog:DoG"
    complex_variables = True
    paper = (
        "Ivgi, Hinder and Carmon 2023, "
        "DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size Schedule, arXiv:2302.12022"
    )
    own_weight_decay = True
    passes = {"the norm of the gradient": 1, "the distance from the start": 1}

    learning_rate: NonNegativeScalar = 1.0
    """Factor of the estimated step size."""
    reps_rel: PositiveFloat = 1e-6
    """Initial distance, relative to 1 plus the norm of the variables; 1e-4 with batch normalization."""
    epsilon: PositiveFloat = 1e-8
    """Small constant for numerical stability, added to the sum of squared gradients, inside the root."""
    layerwise: bool = False
    """Estimate a step size for each variable (L-DoG). Two more state slots, of one number each."""
