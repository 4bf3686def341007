"""Config of normalize_gradients."""

from __future__ import annotations

from typing import Literal

from optiplug import ProcessorConfig

__all__ = ["NormalizeGradientsConfig"]


class NormalizeGradientsConfig(ProcessorConfig):
    """Divide each gradient by its norm, or all gradients by their common one. No state."""

    implementation = "optiplug_processors.normalize_gradients:NormalizeGradients"
    takes_rows = True
    paper = (
        "Hazan, Levy and Shalev-Shwartz 2015, Beyond Convexity: Stochastic Quasi-Convex Optimization, "
        "arXiv:1507.02030"
    )

    scope: Literal["variable", "global"] = "variable"
    """Which norm: "variable", that of each gradient by itself; "global", that of all of them together."""
