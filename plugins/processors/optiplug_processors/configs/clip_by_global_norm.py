"""Config of clip_by_global_norm."""

from __future__ import annotations

from optiplug import PositiveScalar, ProcessorConfig

__all__ = ["ClipByGlobalNormConfig"]


class ClipByGlobalNormConfig(ProcessorConfig):
    """Clip all gradients by their global norm. No state."""

    implementation = "optiplug_processors.clip_by_global_norm:ClipByGlobalNorm"
    elementwise = True
    complex_variables = True
    paper = (
        "Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks, "
        "arXiv:1211.5063"
    )
    example = {"max_norm": 1.0}
    passes = {"the norm": 1}

    max_norm: PositiveScalar
    """Upper bound of the Euclidean norm of all gradients together."""
