"""Config of novograd."""

from __future__ import annotations

from optiplug import BelowOneScalar, NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["NovoGradConfig"]


class NovoGradConfig(OptimizerConfig):
    """Momentum of gradients that are divided by the norm of their layer. One state slot and a number."""

    implementation = "optiplug_contrib.novograd:NovoGrad"
    paper = (
        "Ginsburg et al. 2019, Stochastic Gradient Methods with Layer-wise Adaptive Moments "
        "for Training of Deep Networks, arXiv:1905.11286"
    )

    learning_rate: NonNegativeScalar = 0.01
    """Step size."""
    beta_1: BelowOneScalar = 0.95
    """Share of the momentum that stays at each step, in [0, 1)."""
    beta_2: BelowOneScalar = 0.98
    """Share of the squared norm that stays at each step, in [0, 1)."""
    epsilon: PositiveFloat = 1e-8
    """Added to the norm."""
    weight_decay_rate: NonNegativeScalar = 0.0
    """Decay as in the paper, of which the momentum is part; `weight_decay` acts beside it."""
    grad_averaging: bool = False
    """Let the momentum be an average, of share 1 - beta_1, in place of a sum."""
    amsgrad: bool = False
    """Divide by the largest norm so far. One more number for each variable."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold with a decay in the formula."""
        reason = "its own weight decay moves variables without a gradient"
        return {"zero_gradient_is_a_fixed_point": reason} if self.weight_decay_rate != 0 else {}
