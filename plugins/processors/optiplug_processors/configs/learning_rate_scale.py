"""Config of learning_rate_scale."""

from __future__ import annotations

from optiplug import NonNegativeScalar, ProcessorConfig

__all__ = ["LearningRateScaleConfig"]


class LearningRateScaleConfig(ProcessorConfig):
    """Multiply the learning rate of some variables by a factor. No state."""

    implementation = "optiplug_processors.learning_rate_scale:LearningRateScale"
    elementwise = True
    complex_variables = True
    paper = (
        "Howard and Ruder 2018, "
        "Universal Language Model Fine-tuning for Text Classification, arXiv:1801.06146"
    )
    example = {"factor": 0.1}

    factor: NonNegativeScalar
    """Factor of the learning rate."""
