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
    """Gradient divided by the root of an exponential moving average of its square. One state slot."""

    implementation = "optiplug_adaptive.rmsprop:RMSprop"
    paper = "Tieleman and Hinton 2012, Lecture 6.5: RMSprop, Neural Networks for Machine Learning"
    elementwise = True
    complex_variables = True
    keras_slots = {
        "velocity": "second_moment",
        "momentum": "momentum",
        "average_gradient": "average_gradient",
    }

    learning_rate: NonNegativeScalar = 1e-3
    """Step size: an element with a constant gradient changes by this in one step."""
    rho: BelowOneScalar = 0.9
    """Decay rate of the exponential moving averages."""
    momentum: UnitScalar = 0.0
    """Momentum coefficient; 0 keeps no state slot for it."""
    epsilon: PositiveFloat = 1e-7
    """Small constant for numerical stability, added to the second moment, inside the root."""
    centered: bool = False
    """Divide by an estimate of the standard deviation of the gradient. One more state slot."""


class AdagradConfig(OptimizerConfig):
    """Gradient divided by the root of the sum of its squares. One state slot."""

    implementation = "optiplug_adaptive.adagrad:Adagrad"
    paper = (
        "Duchi, Hazan and Singer 2011, "
        "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization, JMLR 12"
    )
    elementwise = True
    complex_variables = True
    keras_slots = {"accumulator": "accumulator"}

    learning_rate: NonNegativeScalar = 1e-3
    """Step size; useful values are often larger than for Adam, such as 0.1."""
    initial_accumulator_value: NonNegativeFloat = 0.1
    """Initial value of the sum of squared gradients."""
    epsilon: NonNegativeFloat = 1e-7
    """Small constant for numerical stability, added to the sum of squares, inside the root."""


class AdadeltaConfig(OptimizerConfig):
    """Gradient scaled by the ratio of the RMS of past updates and of past gradients. Two state slots."""

    implementation = "optiplug_adaptive.adadelta:Adadelta"
    paper = "Zeiler 2012, ADADELTA: An Adaptive Learning Rate Method, arXiv:1212.5701"
    elementwise = True
    complex_variables = True
    keras_slots = {
        "accumulated_grad": "second_moment",
        "accumulated_delta_var": "update_second_moment",
    }

    learning_rate: NonNegativeScalar = 1e-3
    """Step size; 1 in the paper."""
    rho: BelowOneScalar = 0.95
    """Decay rate of the exponential moving averages."""
    epsilon: PositiveFloat = 1e-7
    """Small constant for numerical stability, added to both second moments, inside the roots."""


class FtrlConfig(OptimizerConfig):
    """Follow the regularized leader, for sparse linear models. Two state slots."""

    implementation = "optiplug_adaptive.ftrl:Ftrl"
    paper = "McMahan et al. 2013, Ad Click Prediction: a View from the Trenches, KDD"
    elementwise = True
    keras_slots = {"accumulator": "accumulator", "linear": "linear"}

    learning_rate: NonNegativeScalar = 1e-3
    """Step size, before the division by a power of the sum of squared gradients."""
    learning_rate_power: Annotated[float, Number(le=0, schedule=False)] = -0.5
    """Exponent of the sum of squared gradients in the step size; 0 is a constant step size."""
    initial_accumulator_value: NonNegativeFloat = 0.1
    """Initial value of the sum of squared gradients."""
    l1_regularization_strength: NonNegativeScalar = 0.0
    """Coefficient of the L1 penalty, which makes weights exactly zero."""
    l2_regularization_strength: NonNegativeScalar = 0.0
    """Coefficient of the L2 penalty of the problem that each step solves."""
    l2_shrinkage_regularization_strength: NonNegativeScalar = 0.0
    """Coefficient of an L2 penalty added to the gradient, but not to the sum of squares."""
    beta: NonNegativeScalar = 0.0
    """Constant added to the root of the sum of squares; 1 in the paper."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What follows from solving for a variable anew in each step, from the sum of its gradients."""
        return {
            "zero_gradient_is_a_fixed_point": "the first step forgets the value that a variable starts from",
            "weight_decay_is_decoupled": "the sum of gradients depends on the value of the variable",
        }
