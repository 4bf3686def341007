"""Configs of adam, adamax, adamw and nadam."""

from __future__ import annotations

from typing import Literal

from optiplug import BelowOneScalar, NonNegativeFloat, NonNegativeScalar, OptimizerConfig

__all__ = ["AdamConfig", "AdamFamilyConfig", "AdamWConfig", "AdamaxConfig", "NadamConfig"]


class AdamFamilyConfig(OptimizerConfig):
    """What Adam and its relatives have in common."""

    elementwise = True
    complex_variables = True
    keras_slots = {
        "m": "momentum",
        "momentum": "momentum",
        "v": "second_moment",
        "velocity": "second_moment",
    }

    learning_rate: NonNegativeScalar = 1e-3
    """Step size, close to the largest change of an element in one step."""
    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment."""
    beta_2: BelowOneScalar = 0.999
    """Decay rate of the second moment."""
    epsilon: NonNegativeFloat = 1e-7
    """Small constant for numerical stability, added to the denominator."""


class AdamConfig(AdamFamilyConfig):
    """Adaptive step sizes from the first and second moments of the gradient. Two state slots."""

    implementation = "optiplug_adam.adam:Adam"
    paper = "Kingma and Ba 2015, Adam: A Method for Stochastic Optimization, arXiv:1412.6980"
    keras_slots = {
        **AdamFamilyConfig.keras_slots,
        "vhat": "second_moment_max",
        "velocity_hat": "second_moment_max",
    }

    amsgrad: bool = False
    """Divide by the maximum of all second moments so far (Reddi et al. 2018). One more state slot."""
    epsilon_form: Literal["keras", "paper"] = "keras"
    """Whether `epsilon` is added before bias correction ("keras") or after it ("paper")."""


class AdamWConfig(AdamConfig):
    """Adam with decoupled weight decay. Two state slots."""

    implementation = "optiplug_adam.adam:AdamW"
    paper = "Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization, arXiv:1711.05101"

    weight_decay: NonNegativeScalar = 0.004
    """Decoupled weight decay coefficient, multiplied by the learning rate."""


class AdamaxConfig(AdamFamilyConfig):
    """Adam with the infinity norm in place of the second moment. Two state slots."""

    implementation = "optiplug_adam.adamax:Adamax"
    paper = "Kingma and Ba 2015, Adam: A Method for Stochastic Optimization, section 7.1, arXiv:1412.6980"
    keras_slots = {"m": "momentum", "momentum": "momentum", "u": "infinity_norm", "norm": "infinity_norm"}

    beta_2: BelowOneScalar = 0.999
    """Decay rate of the infinity norm."""
    epsilon: NonNegativeFloat = 1e-7
    """Small constant for numerical stability, added to the denominator; the paper has none."""


class NadamConfig(AdamFamilyConfig):
    """Adam with Nesterov momentum, whose coefficient warms up. Two state slots."""

    implementation = "optiplug_adam.nadam:Nadam"
    unsaid = {**OptimizerConfig.unsaid, "decay": 0.004}  # which is in the formula
    paper = "Dozat 2016, Incorporating Nesterov Momentum into Adam, ICLR workshop"

    beta_1: BelowOneScalar = 0.9
    """Decay rate of the first moment, and limit of the Nesterov coefficient."""
