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
    """The direction of Adam, with steps in proportion to the norm of each variable. Two state slots."""

    implementation = "optiplug_layerwise.lamb:LAMB"
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
    """Length of a step, as a share of the norm of the variable."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """Share of the second moment that stays at each step, in [0, 1)."""
    epsilon: PositiveScalar = 1e-6
    """Added to the root of the bias-corrected second moment."""
    weight_decay_rate: NonNegativeScalar = 0.0
    """Share of the variable in the direction of which the norm is taken; `weight_decay` stays outside."""
    exclude_from_decay: PathGlobs = ()
    """Globs on the paths of variables that `weight_decay_rate` leaves alone."""
    exclude_from_adaptation: PathGlobs = ()
    """Globs on the paths of variables whose steps are not in proportion to their norm."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold with a decay in the formula."""
        return _exemptions(self.weight_decay_rate)


class LARSConfig(OptimizerConfig):
    """Gradient descent with momentum and steps in proportion to the norm of each variable. One state slot."""

    implementation = "optiplug_layerwise.lars:LARS"
    paper = "You, Gitman and Ginsburg 2017, Large Batch Training of Convolutional Networks, arXiv:1708.03888"

    learning_rate: NonNegativeScalar = 0.1
    """Factor of each step."""
    momentum: BelowOneScalar = 0.9
    """Share of the last step that is taken again; 0 keeps no state."""
    nesterov: bool = False
    """Look ahead: apply the momentum to the velocity of this step, not of the last one."""
    trust_coefficient: NonNegativeScalar = 1e-3
    """Length of a step at a learning rate of 1, as a share of the norm of the variable."""
    weight_decay_rate: NonNegativeScalar = 0.0
    """Share of the variable that is added to the gradient. `weight_decay` is decoupled decay beside it."""
    epsilon: NonNegativeScalar = 1e-8
    """Added to the norms that the norm of the variable is divided by."""
    min_ndim: NonNegativeInt = 2
    """Variables with fewer dimensions are neither adapted nor decayed: biases and scales of normalization."""
    exclude_from_decay: PathGlobs = ()
    """Globs on the paths of further variables that `weight_decay_rate` leaves alone."""
    exclude_from_adaptation: PathGlobs = ()
    """Globs on the paths of further variables whose steps are not in proportion to their norm."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold with a decay in the formula."""
        return _exemptions(self.weight_decay_rate)


def _exemptions(weight_decay_rate: NonNegativeScalar) -> dict[str, str]:
    reason = "its own weight decay moves variables without a gradient"
    return {"zero_gradient_is_a_fixed_point": reason} if weight_decay_rate != 0 else {}
