"""Config of trust_ratio."""

from __future__ import annotations

from optiplug import NonNegativeScalar, PositiveScalar, ProcessorConfig

__all__ = ["TrustRatioConfig"]


class TrustRatioConfig(ProcessorConfig):
    """Give each variable's update the norm of the variable times the learning rate. No state."""

    implementation = "optiplug_processors.trust_ratio:TrustRatio"
    paper = (
        "You et al. 2020, Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, "
        "arXiv:1904.00962"
    )

    coefficient: NonNegativeScalar = 1.0
    """Factor of the ratio: 1 as in LAMB, 0.001 as in LARS; a number or a schedule."""
    epsilon: NonNegativeScalar = 0.0
    """Added to the norm of the update before the learning rate; a number or a schedule."""
    max_ratio: PositiveScalar | None = None
    """Upper bound of the ratio, above 0, or a schedule; None for none."""
