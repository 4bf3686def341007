"""Config of clip_by_global_norm."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig

__all__ = ["ClipByGlobalNormConfig"]


class ClipByGlobalNormConfig(ProcessorConfig):
    """Scale down all gradients alike when their common norm is too large. No state."""

    implementation = "optiplug_processors.clip_by_global_norm:ClipByGlobalNorm"
    elementwise = True
    paper = (
        "Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks, "
        "arXiv:1211.5063"
    )
    example = {"max_norm": 1.0}

    max_norm: PositiveScalar
    """Largest Euclidean norm that the gradients keep together; a number above 0 or a schedule."""
