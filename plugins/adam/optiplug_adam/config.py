"""Configs of adam, adamax, adamw and nadam."""

from __future__ import annotations

from typing import Literal

from optiplug import BelowOneScalar, NonNegativeFloat, NonNegativeScalar, OptimizerConfig

__all__ = ["AdamConfig", "AdamWConfig", "AdamaxConfig", "NadamConfig"]


class AdamConfig(OptimizerConfig):
    """Momentum divided by the root of a running mean of squared gradients. Two state slots."""

    implementation = "optiplug_adam.adam:Adam"
    paper = "Kingma and Ba 2015, Adam: A Method for Stochastic Optimization, arXiv:1412.6980"
    elementwise = True
    keras_slots = {
        "m": "momentum",
        "momentum": "momentum",
        "v": "second_moment",
        "velocity": "second_moment",
        "vhat": "second_moment_max",
        "velocity_hat": "second_moment_max",
    }

    learning_rate: NonNegativeScalar = 1e-3
    """Step size: close to the largest change of an element in one step."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """Share of the second moment that stays at each step, in [0, 1)."""
    epsilon: NonNegativeFloat = 1e-7
    """Added to the root of the second moment."""
    amsgrad: bool = False
    """Divide by the largest second moment so far (Reddi et al. 2018). One more state slot."""
    epsilon_form: Literal["keras", "paper"] = "keras"
    """Whether epsilon joins the root of the raw second moment or, as in the paper, of the corrected one."""


class AdamWConfig(AdamConfig):
    """Adam with decoupled weight decay. Two state slots."""

    implementation = "optiplug_adam.adam:AdamW"
    paper = "Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization, arXiv:1711.05101"

    weight_decay: NonNegativeScalar = 0.004
    """Share of a variable taken away per step at a learning rate of 1; a number or a schedule."""


class AdamaxConfig(OptimizerConfig):
    """Momentum divided by the largest gradient that is not forgotten yet. Two state slots."""

    implementation = "optiplug_adam.adamax:Adamax"
    paper = "Kingma and Ba 2015, Adam: A Method for Stochastic Optimization, section 7.1, arXiv:1412.6980"
    elementwise = True
    keras_slots = {"m": "momentum", "momentum": "momentum", "u": "infinity_norm", "norm": "infinity_norm"}

    learning_rate: NonNegativeScalar = 1e-3
    """Step size: close to the largest change of an element in one step."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """Share of the largest gradient that stays at each step, in [0, 1)."""
    epsilon: NonNegativeFloat = 1e-7
    """Added to the largest gradient; the paper has none."""


class NadamConfig(OptimizerConfig):
    """Adam with Nesterov momentum, whose weight grows over the first steps. Two state slots."""

    implementation = "optiplug_adam.nadam:Nadam"
    paper = "Dozat 2016, Incorporating Nesterov Momentum into Adam, ICLR workshop"
    elementwise = True
    keras_slots = {
        "m": "momentum",
        "momentum": "momentum",
        "v": "second_moment",
        "velocity": "second_moment",
    }

    learning_rate: NonNegativeScalar = 1e-3
    """Step size: close to the largest change of an element in one step."""
    beta_1: BelowOneScalar = 0.9
    """Share of the momentum that stays at each step, and what its weight grows to, in [0, 1)."""
    beta_2: BelowOneScalar = 0.999
    """Share of the second moment that stays at each step, in [0, 1)."""
    epsilon: NonNegativeFloat = 1e-7
    """Added to the root of the corrected second moment."""
