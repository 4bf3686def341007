"""Config of layerwise_decay."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optiplug import NonNegativeScalar, Number, ProcessorConfig, Scalar

__all__ = ["LayerwiseDecayConfig"]


class LayerwiseDecayConfig(ProcessorConfig):
    """Layerwise learning rate decay, from the output to the input. No state."""

    implementation = "optiplug_processors.layerwise_decay:LayerwiseDecay"
    complex_variables = True
    takes_rows = True
    paper = (
        "Clark et al. 2020, ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators, "
        "arXiv:2003.10555"
    )
    example = {"layers": ("*",)}

    layers: Annotated[tuple[str, ...], Field(min_length=1)]
    """Globs on variable paths, one for each layer, from the input to the output; ``*`` crosses ``/``."""
    decay: Annotated[Scalar, Number(gt=0, le=1)] = 0.75
    """Ratio of the learning rates of a layer and the next one."""
    rest: NonNegativeScalar = 1.0
    """Factor of the learning rate of variables that are in no layer."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for one layer that has all variables."""
        if len(self.layers) > 1:
            return {}
        return {"every_setting_acts": "the ratio of layers has no effect on one, nor `rest` if that has all"}
