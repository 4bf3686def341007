"""Config of l2."""

from __future__ import annotations

from optiplug import NonNegativeScalar, ProcessorConfig

__all__ = ["L2Config"]


class L2Config(ProcessorConfig):
    """L2 regularization: add the gradient of the penalty to every gradient. No state."""

    implementation = "optiplug_processors.l2:L2"
    elementwise = True
    complex_variables = True
    decays = True
    paper = "Krogh and Hertz 1991, A Simple Weight Decay Can Improve Generalization, NIPS 4"
    example = {"strength": 1e-4}

    strength: NonNegativeScalar
    """Coefficient of the penalty ``strength / 2 * |variable|^2``; 0 is no penalty."""
