"""Config of centralize_gradients."""

from __future__ import annotations

from optiplug import ProcessorConfig

__all__ = ["CentralizeGradientsConfig"]


class CentralizeGradientsConfig(ProcessorConfig):
    """Subtract its mean from the gradient of each unit of a matrix or convolution kernel. No state."""

    implementation = "optiplug_processors.centralize_gradients:CentralizeGradients"
    complex_variables = True
    paper = (
        "Yong, Huang, Hua and Zhang 2020, Gradient Centralization: A New Optimization Technique for Deep "
        "Neural Networks, arXiv:2004.01461"
    )
    passes = {"means": 1}

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold for differences of elements."""
        return {
            "same_at_every_size_of_gradients": "elements count as at most 2e37: larger differences overflow"
        }
