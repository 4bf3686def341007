"""Config of lazyadam."""

from __future__ import annotations

from typing import Literal

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["LazyAdamConfig"]


class LazyAdamConfig(OptimizerConfig):
    """Adam that updates only those rows of a table that have a gradient. Two state slots."""

    implementation = "optiplug_contrib.lazyadam:LazyAdam"
    paper = "Kingma and Ba 2015, Adam: A Method for Stochastic Optimization, arXiv:1412.6980"
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
    epsilon: PositiveFloat = 1e-7
    """Small constant for numerical stability, added to the denominator."""
    sparse: Literal["exact", "lazy"] = "lazy"
    """Gradients of rows: "lazy" leaves other rows and their state alone, "exact" is plain Adam."""

    @property
    def no_mesh(self) -> str:  # type: ignore[override]  # it depends on a hyperparameter
        """What holds for rows of any optimizer."""
        return "variables on a mesh cannot be updated by rows" if self.sparse == "lazy" else ""
