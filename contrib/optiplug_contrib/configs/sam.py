"""Config of sam."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from optiplug import NonNegativeFloat, OptimizerConfig

__all__ = ["SAMConfig"]

# A mapping, not a config: which optimizer it names is known only when it is asked for.
_BASE: Any = {"use": "sgd"}


class SAMConfig(OptimizerConfig):
    """Sharpness-aware minimization around another optimizer. The state of that one."""

    implementation = "optiplug_contrib.sam:SAM"
    complex_variables = True
    paper = (
        "Foret, Kleiner, Mobahi and Neyshabur 2021, Sharpness-Aware Minimization for Efficiently Improving "
        "Generalization, arXiv:2010.01412"
    )
    no_mesh = "DTensor may let the second pass over the loss read the variables from before the perturbation"
    replaced: ClassVar[Mapping[str, str]] = {
        **OptimizerConfig.replaced,
        "learning_rate": "give it to the optimizer inside: `optimizer: {use: sgd, learning_rate: ...}`",
    }

    optimizer: OptimizerConfig = _BASE
    """The base optimizer, with its learning rate and weight decay."""
    rho: NonNegativeFloat = 0.05
    """Radius of the neighborhood: the norm of the perturbation of all variables together."""
    adaptive: bool = False
    """Measure the radius relative to the elements of the variables (ASAM, Kwon et al. 2021)."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What depends on the loss."""
        return {"same_on_a_mesh": f"with some losses it is right there, with others {self.no_mesh}"}
