"""Config of clip_by_norm."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig

__all__ = ["ClipByNormConfig"]


class ClipByNormConfig(ProcessorConfig):
    """Clip each gradient by its own norm. No state."""

    implementation = "optiplug_processors.clip_by_norm:ClipByNorm"
    complex_variables = True
    takes_rows = True
    paper = (
        "Pascanu, "
        "Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063"
    )
    example = {"max_norm": 1.0}
    passes = {"the norms": 1}

    max_norm: PositiveScalar
    """Upper bound of the Euclidean norm of each gradient."""
