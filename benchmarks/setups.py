"""What the contestants optimize with: the same hyperparameters in every library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .shapes import Shapes

__all__ = ["ADAM", "MOMENTUM", "SETUPS", "TRAINED", "Setup", "is_matrix"]


@dataclass(frozen=True)
class Setup:
    """An optimizer by its name in optiplug, with keyword arguments as optiplug and Keras call them.

    `vectors` is another one, for all that is no matrix. `masked` leaves that without weight decay.
    """

    optimizer: str
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    vectors: Setup | None = None
    masked: bool = False

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

    def divides(self, shapes: Shapes) -> bool:
        """Whether matrices and vectors are both among these shapes, if they are treated differently."""
        return not (self.vectors or self.masked) or len(set(map(is_matrix, shapes))) == 2


def is_matrix(shape: tuple[int, ...]) -> bool:
    """Whether a variable of this shape is no vector and no scalar."""
    return len(shape) >= 2


_MOMENTS = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}

MOMENTUM = Setup("sgd", {"learning_rate": 0.01, "momentum": 0.9})
ADAM = Setup("adam", _MOMENTS)
_DECAY = {**_MOMENTS, "weight_decay": 0.004}
_CLIPPED = {**_DECAY, "global_clipnorm": 1.0}
SETUPS: dict[str, Setup] = {
    "sgd + momentum": MOMENTUM,
    "adam": ADAM,
    "adamw + global clip + EMA": Setup("adamw", {**_CLIPPED, "use_ema": True, "ema_momentum": 0.99}),
    "adamw, vectors without decay": Setup("adamw", _DECAY, masked=True),
    "adamw, and sgd for vectors": Setup("adamw", _DECAY, vectors=MOMENTUM),
}
"""With what lists of variables are updated."""
TRAINED: dict[str, Setup] = {"adam": ADAM, "adamw + global clip": Setup("adamw", _CLIPPED)}
"""With what models are trained."""
