"""What the configs have in common of optimizers that keep where variables started."""

from __future__ import annotations

from optiplug import OptimizerConfig

__all__ = ["StartConfig"]


class StartConfig(OptimizerConfig):
    """Base of the configs of optimizers with a copy of the first value of each variable."""

    @property
    def exemptions(self) -> dict[str, str]:
        """What does not hold as a distance from the start needs more digits than bfloat16 has."""
        return {"keeps_state_in_another_dtype": "first values are kept as precisely as the variables"}
