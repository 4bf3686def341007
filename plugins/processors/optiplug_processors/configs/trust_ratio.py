"""Config of trust_ratio."""

from __future__ import annotations

from optiplug import NonNegativeScalar, PositiveScalar, ProcessorConfig

__all__ = ["TrustRatioConfig"]


class TrustRatioConfig(ProcessorConfig):
    """Layerwise trust ratio around any optimizer, as in LARS and LAMB. No state."""

    implementation = "optiplug_processors.trust_ratio:TrustRatio"
    complex_variables = True
    paper = (
        "You et al. 2020, Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, "
        "arXiv:1904.00962"
    )
    passes = {"the norms of variables and updates": 2}

    coefficient: NonNegativeScalar = 1.0
    """Factor of the trust ratio: 1 as in LAMB, 0.001 as in LARS."""
    epsilon: NonNegativeScalar = 0.0
    """Small constant for numerical stability, added to the denominator of the trust ratio."""
    max_ratio: PositiveScalar | None = None
    """Upper bound of the trust ratio; None: no bound."""
