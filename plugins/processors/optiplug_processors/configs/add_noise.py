"""Config of add_noise."""

from __future__ import annotations

from optiplug import NonNegativeFloat, NonNegativeScalar, ProcessorConfig
from optiplug_processors.fields import Seed

__all__ = ["AddNoiseConfig"]


class AddNoiseConfig(ProcessorConfig):
    """Add Gaussian noise to every gradient, less of it as training goes on. No state."""

    implementation = "optiplug_processors.add_noise:AddNoise"
    paper = (
        "Neelakantan et al. 2015, Adding Gradient Noise Improves Learning for Very Deep Networks, "
        "arXiv:1511.06807"
    )

    eta: NonNegativeScalar = 0.01
    """Variance of the noise in the first step; a number or a schedule. The paper tries 0.01, 0.3 and 1."""
    gamma: NonNegativeFloat = 0.55
    """Exponent with which the variance falls: ``eta / (1 + iteration)^gamma``. 0 keeps it."""
    seed: Seed = 0
    """Chooses the stream of random numbers."""
