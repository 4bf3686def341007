"""Config of cautious."""

from __future__ import annotations

from typing import Annotated

from optiplug import Number, ProcessorConfig, Scalar

__all__ = ["CautiousConfig"]


class CautiousConfig(ProcessorConfig):
    """Mask the elements of an update that point up the gradient, and rescale the rest. No state."""

    implementation = "optiplug_processors.cautious:Cautious"
    complex_variables = True
    paper = (
        "Liang et al. 2024, Cautious Optimizers: Improving Training with One Line of Code, arXiv:2411.16085"
    )
    passes = {"how much of an update is kept": 1}

    min_share: Annotated[Scalar, Number(gt=0, le=1)] = 0.001
    """Lower bound of the fraction of unmasked elements, by which the rest is divided."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for updates near the end of the range of float32."""
        reason = "what is kept of an update is enlarged, and may overflow"
        return {"same_at_every_size_of_gradients": reason}
