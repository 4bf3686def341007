"""Config of loss_scale."""

from __future__ import annotations

from typing import Annotated

from pydantic import ValidationInfo, field_validator

from optiplug import ConfigError, Number, PathGlobs, PositiveFloat, PositiveInt, ProcessorConfig

__all__ = ["LossScaleConfig"]


class LossScaleConfig(ProcessorConfig):
    """Static or dynamic loss scaling, for gradients in half precision. Two scalars of state."""

    implementation = "optiplug_processors.loss_scale:LossScale"
    needs = {"dynamic_growth_steps": "dynamic", "multiplier": "dynamic", "minimum": "dynamic"}
    elementwise = True
    complex_variables = True
    paper = "Micikevicius et al. 2018, Mixed Precision Training, arXiv:1710.03740"

    initial_scale: PositiveFloat = 2.0**15
    """Initial scale of the loss; with a power of two no digit of a gradient changes."""
    dynamic: bool = True
    """Whether the scale adapts: less after an overflow, more after many steps without one."""
    dynamic_growth_steps: PositiveInt = 2000
    """Number of consecutive steps without an overflow after which the scale grows."""
    multiplier: Annotated[float, Number(gt=1, schedule=False)] = 2.0
    """Factor by which the scale grows, and shrinks after an overflow."""
    minimum: PositiveFloat = 1.0
    """Lower bound of the scale; not above `initial_scale`."""

    @field_validator("minimum")
    @classmethod
    def _not_above_the_initial(cls, minimum: float, info: ValidationInfo) -> float:
        if minimum > info.data.get("initial_scale", minimum):
            raise ConfigError("must be <= initial_scale", received=minimum)
        return minimum

    @field_validator("only", "skip", "min_ndim")
    @classmethod
    def _for_all_variables(cls, selector: PathGlobs | int) -> PathGlobs | int:
        if selector:
            rule = "cannot be used here: the loss is scaled for all variables"
            raise ConfigError(rule, received=selector, hint="leave it out")
        return selector
