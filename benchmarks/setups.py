"""What the contestants optimize with: the same hyperparameters in every library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ADAM", "MOMENTUM", "SETUPS", "TRAINED", "Setup"]


@dataclass(frozen=True)
class Setup:
    """An optimizer by its name in optiplug, with keyword arguments as optiplug and Keras call them."""

    optimizer: str
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.hyperparameters[name]

    @property
    def clips(self) -> bool:
        """Whether gradients are clipped by their global norm."""
        return "global_clipnorm" in self.hyperparameters

    @property
    def averages(self) -> bool:
        """Whether an exponential moving average of the variables is kept."""
        return bool(self.hyperparameters.get("use_ema"))


_MOMENTS = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}

MOMENTUM = Setup("sgd", {"learning_rate": 0.01, "momentum": 0.9})
ADAM = Setup("adam", _MOMENTS)
_CLIPPED = {**_MOMENTS, "weight_decay": 0.004, "global_clipnorm": 1.0}
SETUPS: dict[str, Setup] = {
    "sgd + momentum": MOMENTUM,
    "adam": ADAM,
    "adamw + global clip + EMA": Setup("adamw", {**_CLIPPED, "use_ema": True, "ema_momentum": 0.99}),
}
"""With what lists of variables are updated."""
TRAINED: dict[str, Setup] = {"adam": ADAM, "adamw + global clip": Setup("adamw", _CLIPPED)}
"""With what models are trained."""
