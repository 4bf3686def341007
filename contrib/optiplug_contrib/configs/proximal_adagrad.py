"""Config of proximal_adagrad."""

from __future__ import annotations

from optiplug import NonNegativeScalar, OptimizerConfig, PositiveFloat

__all__ = ["ProximalAdagradConfig"]


class ProximalAdagradConfig(OptimizerConfig):
    """Adagrad with proximal L1 and L2 regularization, for sparse weights. One state slot."""

    implementation = "optiplug_contrib.proximal_adagrad:ProximalAdagrad"
    paper = "Duchi and Singer 2009, Efficient Learning using Forward-Backward Splitting"
    elementwise = True

    learning_rate: NonNegativeScalar = 1e-3
    """Step size of an element whose squared gradients sum to 1."""
    initial_accumulator_value: PositiveFloat = 0.1
    """Initial value of the sum of squared gradients."""
    l1_regularization_strength: NonNegativeScalar = 0.0
    """Coefficient of the L1 penalty, which makes weights exactly zero."""
    l2_regularization_strength: NonNegativeScalar = 0.0
    """Coefficient of the L2 penalty, half the sum of squares."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold with regularization."""
        if self.l1_regularization_strength == 0 and self.l2_regularization_strength == 0:
            return {}
        exempt = {
            "zero_gradient_is_a_fixed_point": "regularization moves variables without a gradient",
            "weight_decay_is_decoupled": "regularization acts on the value that decay has left",
        }
        # An update by the L2 penalty is as large as the variable, so that rounding hides none of it.
        if self.l2_regularization_strength == 0:
            exempt["proposes_its_updates"] = "regularization solves for the variable itself"
        return exempt
