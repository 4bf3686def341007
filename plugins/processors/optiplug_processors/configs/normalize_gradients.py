"""Config of normalize_gradients."""

from __future__ import annotations

from typing import Literal

from optiplug import ProcessorConfig

__all__ = ["NormalizeGradientsConfig"]


class NormalizeGradientsConfig(ProcessorConfig):
    """Normalize each gradient, or all gradients together, to norm 1. No state."""

    implementation = "optiplug_processors.normalize_gradients:NormalizeGradients"
    complex_variables = True
    takes_rows = True
    paper = (
        "Hazan, Levy and Shalev-Shwartz 2015, Beyond Convexity: Stochastic Quasi-Convex Optimization, "
        "arXiv:1507.02030"
    )
    passes = {"the norms": 1}

    scope: Literal["variable", "global"] = "variable"
    """Norm to divide by: that of each gradient by itself ("variable"), or of all together ("global")."""
