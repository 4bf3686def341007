"""Config of clip_by_norm."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig

__all__ = ["ClipByNormConfig"]


class ClipByNormConfig(ProcessorConfig):
    """Scale down each gradient whose own norm is too large. No state."""

    implementation = "optiplug_processors.clip_by_norm:ClipByNorm"
    takes_rows = True
    paper = (
        "Pascanu, "
        "Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063"
    )
    example = {"max_norm": 1.0}

    max_norm: PositiveScalar
    """Largest Euclidean norm that a variable's gradient keeps; a number above 0 or a schedule."""
