"""What a task is to reach, and how long that may take."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Goal"]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """The target of a task, fixed beforehand, and the budget in which an optimizer should reach it.

    Commands that compare or tune take from here what a config does not say.

    Parameters
    ----------
    target
        Value of `figure` at which the goal is reached.
    steps
        Budget: calls of the optimizer.
    figure
        One of the figures that `evaluate` returns, on held-out data.
    higher_is_better
        Whether the figure has to rise, as an accuracy, and not to fall, as a loss.
    batch_size
        Examples per step that `target` and `steps` belong to.
    evaluate_every
        Steps between two evaluations.

    Raises
    ------
    ValueError
        If `target` is not finite, or a number of steps or examples is below 1.

    Examples
    --------
    >>> from optiplug import Goal
    >>> goal = Goal(figure="accuracy", target=0.9, steps=100, higher_is_better=True)
    >>> goal.is_reached(0.92), goal.is_reached(float("nan"))
    (True, False)
    """

    target: float
    steps: int
    figure: str = "loss"
    higher_is_better: bool = False
    batch_size: int = 128
    evaluate_every: int = 10

    def __post_init__(self) -> None:
        if not math.isfinite(self.target):
            raise ValueError(f"target must be finite, and not {self.target}")
        for name in ("steps", "batch_size", "evaluate_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, and not {getattr(self, name)}")

    def is_reached(self, value: float) -> bool:
        """Say whether a value of the figure is the target or better; a NaN is not."""
        return value >= self.target if self.higher_is_better else value <= self.target

    def loss_of(self, value: float) -> float:
        """Return a value of the figure as a number that is better the smaller it is; infinity for a NaN.

        >>> from optiplug import Goal
        >>> Goal(figure="accuracy", target=0.9, steps=100, higher_is_better=True).loss_of(0.8)
        -0.8
        """
        if math.isnan(value):
            return math.inf
        return -value if self.higher_is_better else value
