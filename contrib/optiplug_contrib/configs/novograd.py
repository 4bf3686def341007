"""Config of novograd."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["NovoGradConfig"]


class NovoGradConfig(OptimizerConfig):
    """Momentum of gradients normalized by a layerwise second moment. One state slot and a number."""

    implementation = "optiplug_contrib.novograd:NovoGrad"
    complex_variables = True
    paper = (
        "Ginsburg et al. 2019, Stochastic Gradient Methods with Layer-wise Adaptive Moments "
        "for Training of Deep Networks, arXiv:1905.11286"
    )
    passes = {"the norm of the gradient, which is limited by its norm": 2}

    learning_rate: NonNegativeScalar = 0.01
    """Step size."""
    beta_1: BelowOneScalar = 0.95
    """Decay rate of the momentum."""
    beta_2: BelowOneScalar = 0.98
    """Decay rate of the layerwise second moment."""
    epsilon: PositiveFloat = 1e-8
    """Small constant for numerical stability, added to the denominator."""
    weight_decay_rate: NonNegativeScalar = 0.0
    """Weight decay coefficient inside the momentum; `weight_decay` is decoupled from it."""
    grad_averaging: bool = False
    """Multiply the normalized gradient by ``1 - beta_1``, so that the momentum is an average."""
    amsgrad: bool = False
    """Divide by the maximum of all norms so far. One more number for each variable."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold with a decay in the formula."""
        reason = "its own weight decay moves variables without a gradient"
        return {"zero_gradient_is_a_fixed_point": reason} if self.weight_decay_rate != 0 else {}
