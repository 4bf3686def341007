"""Configs of adadelta, adagrad, ftrl and rmsprop."""

from __future__ import annotations

from typing import Annotated

from optiplug import (
    BelowOneScalar,
    NonNegativeFloat,
    NonNegativeScalar,
    Number,
    OptimizerConfig,
    PositiveFloat,
    UnitScalar,
)

__all__ = ["AdadeltaConfig", "AdagradConfig", "FtrlConfig", "RMSpropConfig"]


class RMSpropConfig(OptimizerConfig):
    """Gradient divided by the root of a running mean of its square. One state slot."""

    implementation = "optiplug_adaptive.rmsprop:RMSprop"
    paper = "Tieleman and Hinton 2012, Lecture 6.5: RMSprop, Neural Networks for Machine Learning"
    elementwise = True
    keras_slots = {
        "velocity": "second_moment",
        "momentum": "momentum",
        "average_gradient": "average_gradient",
    }

    learning_rate: NonNegativeScalar = 1e-3
    """Step size: an element whose gradient stays the same changes by this in one step."""
    rho: BelowOneScalar = 0.9
    """Share of the averages that stays at each step, in [0, 1)."""
    momentum: UnitScalar = 0.0
    """Share of the last step that is taken again; 0 keeps no slot for it."""
    epsilon: PositiveFloat = 1e-7
    """Added to the mean square, inside the root."""
    centered: bool = False
    """Divide by the standard deviation of the gradient: less the square of its mean. One more slot."""


class AdagradConfig(OptimizerConfig):
    """Gradient divided by the root of the sum of all its squares. One state slot."""

    implementation = "optiplug_adaptive.adagrad:Adagrad"
    paper = (
        "Duchi, Hazan and Singer 2011, "
        "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization, JMLR 12"
    )
    elementwise = True
    keras_slots = {"accumulator": "accumulator"}

    learning_rate: NonNegativeScalar = 1e-3
    """Step size before the division; useful values are often larger than for Adam, such as 0.1."""
    initial_accumulator_value: NonNegativeFloat = 0.1
    """What the sum of squares starts at."""
    epsilon: NonNegativeFloat = 1e-7
    """Added to the sum of squares, inside the root."""


class AdadeltaConfig(OptimizerConfig):
    """Gradient scaled by the ratio of the mean sizes of past steps and gradients. Two state slots."""

    implementation = "optiplug_adaptive.adadelta:Adadelta"
    paper = "Zeiler 2012, ADADELTA: An Adaptive Learning Rate Method, arXiv:1212.5701"
    elementwise = True
    keras_slots = {
        "accumulated_grad": "second_moment",
        "accumulated_delta_var": "update_second_moment",
    }

    learning_rate: NonNegativeScalar = 1e-3
    """Factor of the step; 1 in the paper."""
    rho: BelowOneScalar = 0.95
    """Share of the averages that stays at each step, in [0, 1)."""
    epsilon: PositiveFloat = 1e-7
    """Added to both mean squares, inside the roots; the first steps are of the order of its root."""


class FtrlConfig(OptimizerConfig):
    """Follow the regularized leader: weights solved for in each step, some exactly 0. Two state slots."""

    implementation = "optiplug_adaptive.ftrl:Ftrl"
    paper = "McMahan et al. 2013, Ad Click Prediction: a View from the Trenches, KDD"
    elementwise = True
    keras_slots = {"accumulator": "accumulator", "linear": "linear"}
    copies = (
        "the accumulator: `linear` needs the difference between its powers before and after the step, "
        "and what it was before cannot be had from what it is without losing digits"
    )

    learning_rate: NonNegativeScalar = 1e-3
    """Step size before the division by a power of the sum of squares."""
    learning_rate_power: Annotated[float, Number(le=0, schedule=False)] = -0.5
    """Power of the sum of squares in the step size, at most 0; 0 means a constant step size."""
    initial_accumulator_value: NonNegativeFloat = 0.1
    """What the sum of squares starts at."""
    l1_regularization_strength: NonNegativeScalar = 0.0
    """Strength of the penalty on absolute values, which makes weights exactly 0."""
    l2_regularization_strength: NonNegativeScalar = 0.0
    """Strength of the penalty on squares, as part of the problem that is solved."""
    l2_shrinkage_regularization_strength: NonNegativeScalar = 0.0
    """Strength of a penalty on squares that is added to the gradient, but not to the sum of squares."""
    beta: NonNegativeScalar = 0.0
    """Added to the root of the sum of squares, as in the paper, where it is 1."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What follows from solving for a variable anew in each step, from the sum of its gradients."""
        return {
            "zero_gradient_is_a_fixed_point": "the first step forgets the value that a variable starts from",
            "weight_decay_is_decoupled": "the sum of gradients depends on the value of the variable",
        }
