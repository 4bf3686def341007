"""Config of agc."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig

__all__ = ["AGCConfig"]


class AGCConfig(ProcessorConfig):
    """Clip the gradient of each output unit in proportion to the norm of its weights. No state."""

    implementation = "optiplug_processors.agc:AGC"
    paper = (
        "Brock et al. 2021, High-Performance Large-Scale Image Recognition Without Normalization, "
        "arXiv:2102.06171"
    )

    clip_factor: PositiveScalar = 0.01
    """Largest ratio of the norms of gradient and weights; a number above 0 or a schedule."""
    epsilon: PositiveScalar = 0.001
    """Smallest norm that weights count as, so that those at 0 can be trained; above 0, or a schedule."""
