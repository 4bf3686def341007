"""Config of add_noise."""

from __future__ import annotations

from optiplug import NonNegativeFloat, NonNegativeScalar, ProcessorConfig
from optiplug_processors.fields import Seed

__all__ = ["AddNoiseConfig"]


class AddNoiseConfig(ProcessorConfig):
    """Add annealed Gaussian noise to every gradient. No state."""

    implementation = "optiplug_processors.add_noise:AddNoise"
    complex_variables = True
    paper = (
        "Neelakantan et al. 2015, Adding Gradient Noise Improves Learning for Very Deep Networks, "
        "arXiv:1511.06807"
    )
    passes = {"random integers": 8}

    eta: NonNegativeScalar = 0.01
    """Variance of the noise in the first step. The paper tries 0.01, 0.3 and 1."""
    gamma: NonNegativeFloat = 0.55
    """Decay exponent of the variance, ``eta / (1 + iteration)^gamma``; 0 keeps it constant."""
    seed: Seed = 0
    """Seed of the stream of random numbers."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold of single numbers, but of their distribution."""
        return {"complex_variables_right_or_refused": "the numbers that it draws do not turn with a gradient"}
