"""Config of dog."""

from __future__ import annotations

from optiplug import NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["DoGConfig"]


class DoGConfig(OptimizerConfig):
    """Gradient descent with a step size of distance over gradients. One state slot."""

    implementation = "optiplug_contrib.dog:DoG"
    paper = (
        "Ivgi, Hinder and Carmon 2023, "
        "DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size Schedule, arXiv:2302.12022"
    )
    own_weight_decay = True

    learning_rate: NonNegativeScalar = 1.0
    """Factor of the step size that is found."""
    reps_rel: PositiveFloat = 1e-6
    """The first distance, over 1 plus the norm of the variables; 1e-4 with batch normalization."""
    epsilon: PositiveFloat = 1e-8
    """Added to the sum of squares of the gradients."""
    layerwise: bool = False
    """Find a step size for each variable (L-DoG) instead of one for all. Two more slots, of one number."""
