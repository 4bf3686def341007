"""Config of orthograd."""

from __future__ import annotations

from optiplug import ProcessorConfig

__all__ = ["OrthoGradConfig"]


class OrthoGradConfig(ProcessorConfig):
    """Project each gradient orthogonally to its variable, at the same norm. No state."""

    implementation = "optiplug_processors.orthograd:OrthoGrad"
    complex_variables = True
    paper = "Prieto et al. 2025, Grokking at the Edge of Numerical Stability, arXiv:2501.04697"
    passes = {
        "the norms of gradient, variable and result": 5,
        "their product, as a difference of two squares": 4,
    }

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold where a norm has to fit into the dtype of its elements."""
        return {"same_at_every_size_of_gradients": "a norm counts as at most 8e37: one element may get it"}
