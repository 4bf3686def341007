"""Config of warmup_stable_decay."""

from __future__ import annotations

from typing import Literal

from optiplug import NonNegativeFloat, ScheduleConfig
from optiplug_schedules.fields import Steps, StepsOrZero

__all__ = ["WarmupStableDecayConfig"]


class WarmupStableDecayConfig(ScheduleConfig):
    """Linear warmup, a constant phase, and decay (WSD)."""

    implementation = "optiplug_schedules.warmup_stable_decay:WarmupStableDecay"
    paper = (
        "Hu et al. 2024, MiniCPM: Unveiling the Potential of Small Language Models with Scalable Training "
        "Strategies, arXiv:2404.06395"
    )
    example = {"peak_learning_rate": 0.1, "warmup_steps": 100, "stable_steps": 800, "decay_steps": 100}

    peak_learning_rate: NonNegativeFloat
    """Value of the constant phase."""
    warmup_steps: StepsOrZero
    """Number of steps of the warmup; 0 is none."""
    stable_steps: StepsOrZero
    """Number of steps of the constant phase."""
    decay_steps: Steps
    """Number of steps of the decay; the paper finds a tenth of all steps enough."""
    initial_learning_rate: NonNegativeFloat = 0.0
    """Value at step 0, if there is a warmup."""
    end_learning_rate: NonNegativeFloat = 0.0
    """Final value, from the end of the decay on."""
    shape: Literal["linear", "cosine", "sqrt"] = "linear"
    """Shape of the decay: linear, half a cosine wave, or one minus a square root."""
