"""Configs of lamb and lars."""

from __future__ import annotations

from optiplug import (
    BelowOneScalar,
    NonNegativeInt,
    NonNegativeScalar,
    OptimizerConfig,
    PathGlobs,
    PositiveScalar,
)

__all__ = ["LAMBConfig", "LARSConfig"]


class LAMBConfig(OptimizerConfig):
    """Adam with a layerwise trust ratio, for large batches. Two state slots."""

    implementation = "optiplug_layerwise.lamb:LAMB"
    needs = {"exclude_from_decay": "weight_decay_rate"}
    complex_variables = True
    paper = (
        "You, Li, Reddi, Hseu, Kumar, Bhojanapalli, Song, Demmel, Keutzer and Hsieh 2020, "
        "Large Batch Optimization for Deep Learning: Training BERT in 76 Minutes, arXiv:1904.00962"
    )
    keras_slots = {
        "m": "momentum",
        "momentum": "momentum",
        "v": "second_moment",
        "velocity": "second_moment",
    }

    learning_rate: NonNegativeScalar = 1e-3
    """Step size, relative to the norm of the variable."""
    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the second moment."""
    epsilon: PositiveScalar = 1e-6
    """Small constant for numerical stability, added to the denominator, after bias correction."""
    weight_decay_rate: NonNegativeScalar = 0.0
    """Weight decay coefficient inside the trust ratio; `weight_decay` is decoupled from it."""
    exclude_from_decay: PathGlobs = ()
    """Globs on the paths of variables without `weight_decay_rate`."""
    exclude_from_adaptation: PathGlobs = ()
    """Globs on the paths of variables with a trust ratio of 1."""

    @property
    def passes(self) -> dict[str, float]:  # type: ignore[override]  # it depends on a hyperparameter
        """The norms, and a direction that is written to memory for its norm."""
        return {
            "the norm of the variable": 1,
            "the direction, for its norm": 6 if self.weight_decay_rate else 5,
        }

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold with a decay in the formula."""
        return _exemptions(self.weight_decay_rate)


class LARSConfig(OptimizerConfig):
    """Momentum SGD with a layerwise trust ratio, for large batches. One state slot."""

    implementation = "optiplug_layerwise.lars:LARS"
    needs = {"exclude_from_decay": "weight_decay_rate", "nesterov": "momentum"}
    complex_variables = True
    paper = "You, Gitman and Ginsburg 2017, Large Batch Training of Convolutional Networks, arXiv:1708.03888"
    passes = {"the norms of gradient and variable": 2}

    learning_rate: NonNegativeScalar = 0.1
    """Step size."""
    momentum: BelowOneScalar = 0.9
    """Momentum coefficient; 0 keeps no state."""
    nesterov: bool = False
    """Use Nesterov momentum."""
    trust_coefficient: NonNegativeScalar = 1e-3
    """Factor of the trust ratio: the norm of an update relative to the variable's at a step size of 1."""
    weight_decay_rate: NonNegativeScalar = 0.0
    """Weight decay coefficient inside the trust ratio; `weight_decay` is decoupled from it."""
    epsilon: NonNegativeScalar = 1e-8
    """Small constant for numerical stability, added to the denominator of the trust ratio."""
    min_ndim: NonNegativeInt = 2
    """Smallest rank of a variable with trust ratio and decay: biases and normalization scales have none."""
    exclude_from_decay: PathGlobs = ()
    """Globs on the paths of further variables without `weight_decay_rate`."""
    exclude_from_adaptation: PathGlobs = ()
    """Globs on the paths of further variables with a trust ratio of 1."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold with a decay in the formula."""
        return _exemptions(self.weight_decay_rate)


def _exemptions(weight_decay_rate: NonNegativeScalar) -> dict[str, str]:
    reason = "its own weight decay moves variables without a gradient"
    return {"zero_gradient_is_a_fixed_point": reason} if weight_decay_rate != 0 else {}
