"""What can be said about SGD."""

from __future__ import annotations

from optiplug import NonNegativeScalar, OptimizerConfig, UnitScalar

__all__ = ["SGDConfig"]


class SGDConfig(OptimizerConfig):
    """Gradient descent, optionally with momentum or Nesterov momentum."""

    implementation = "optiplug_sgd.sgd:SGD"
    needs = {"nesterov": "momentum"}
    paper = (
        "Sutskever, Martens, Dahl and Hinton 2013, "
        "On the importance of initialization and momentum in deep learning"
    )
    elementwise = True
    complex_variables = True
    keras_slots = {"m": "momentum", "momentum": "momentum"}

    learning_rate: NonNegativeScalar = 0.01
    """Step size."""
    momentum: UnitScalar = 0.0
    """Momentum coefficient; 0 keeps no state."""
    nesterov: bool = False
    """Use Nesterov momentum."""
