"""What can be said about Muon."""

from __future__ import annotations

from typing import Any, Literal

from optiplug import (
    BelowOneScalar,
    NonNegativeScalar,
    OptimizerConfig,
    PathGlob,
    PathGlobs,
    PositiveFloat,
    PositiveInt,
)

__all__ = ["MuonConfig"]

# A mapping, not a config: which optimizer it names is known only when it is asked for.
_FALLBACK: Any = {"use": "adamw", "learning_rate": 3e-4, "beta_2": 0.95, "weight_decay": 0.0}


class MuonConfig(OptimizerConfig):
    """Orthogonalized momentum for matrices, another optimizer for all else. One state slot."""

    implementation = "optiplug_muon.muon:Muon"
    stackable = True
    paper = (
        "Jordan, Jin, Boza, You, Cesista, Newhouse and Bernstein 2024, "
        "Muon: An optimizer for hidden layers in neural networks"
    )
    passes = {"Newton-Schulz iterations, of a square matrix": 70}

    # Keras names so what is in the config of the optimizer of all else here, or is not a choice.
    replaced = {
        **OptimizerConfig.replaced,
        **dict.fromkeys(
            ("adam_beta_1", "adam_beta_2", "adam_weight_decay", "adam_lr_ratio"),
            "write it in `fallback`: {use: adamw, learning_rate: ..., beta_1: ...}",
        ),
        **dict.fromkeys(("exclude_layers", "exclude_embeddings"), "list globs on their paths in `skip`"),
        **dict.fromkeys(("muon_a", "muon_b", "muon_c"), "write all three as `ns_coefficients`"),
        "rms_rate": 'write `scale: "match_rms_adamw"`, which is 0.2',
    }

    learning_rate: NonNegativeScalar = 0.02
    """Step size: the spectral norm of the update of a square matrix."""
    momentum: BelowOneScalar = 0.95
    """Decay rate of the momentum."""
    nesterov: bool = True
    """Use Nesterov momentum."""
    ns_steps: PositiveInt = 5
    """Number of Newton-Schulz iterations."""
    ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315)
    """Coefficients of the odd polynomial of degree 5 in each iteration, from degree 1 on."""
    epsilon: PositiveFloat = 1e-8
    """Small constant for numerical stability, added to the Frobenius norm that a matrix is divided by."""
    scale: Literal["original", "match_rms_adamw"] = "original"
    """Factor of an update: sqrt(max(1, outputs / inputs)) ("original"), or 0.2 sqrt(max(inputs, outputs))
    ("match_rms_adamw"), for which learning rates and weight decay of AdamW fit."""
    only: PathGlobs = ()
    """Globs on the paths of the matrices; empty: every variable of rank 2 and more."""
    skip: PathGlobs = ()
    """Globs on paths that are none of the matrices, such as ``["*embedding*", "head/*"]``."""
    output_axes: dict[PathGlob, tuple[int, ...]] = {}
    """Axes of a variable that are the outputs of its matrix, by a glob on its path. Default: the last."""
    batch_axes: dict[PathGlob, tuple[int, ...]] = {}
    """Axes that enumerate matrices, such as those of experts, by a glob on the path. Default: none."""
    fallback: OptimizerConfig = _FALLBACK
    """The optimizer of all variables that are no matrices."""
