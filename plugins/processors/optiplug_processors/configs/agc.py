"""Config of agc."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig

__all__ = ["AGCConfig"]


class AGCConfig(ProcessorConfig):
    """Adaptive gradient clipping, relative to the norm of each unit's weights. No state."""

    implementation = "optiplug_processors.agc:AGC"
    complex_variables = True
    paper = (
        "Brock et al. 2021, High-Performance Large-Scale Image Recognition Without Normalization, "
        "arXiv:2102.06171"
    )
    passes = {"the norms of gradients and variables": 2}

    clip_factor: PositiveScalar = 0.01
    """Largest ratio of the norms of gradient and weights."""
    epsilon: PositiveScalar = 0.001
    """Lower bound of the norm of the weights, so that weights of zero can be trained."""
