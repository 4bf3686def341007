"""Warmup, a constant phase, and decay."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.warmup_stable_decay import WarmupStableDecayConfig
from .progress import elapsed, half_cosine, interpolate, remaining

__all__ = ["WarmupStableDecay"]


class WarmupStableDecay(Schedule):
    """Linear warmup, a constant phase, and decay (WSD).

    ::

        value = initial + (peak - initial) * step / warmup_steps     step < warmup_steps
        value = peak                                                 for stable_steps
        value = end + (peak - end) * f(fraction)                     for decay_steps, and end from then on

    with ``f(x) = 1 - x`` (linear), ``(1 + cos(pi * x)) / 2`` (cosine) or ``1 - sqrt(x)`` (sqrt), `fraction`
    being the part of the decay that has passed. A run can be prolonged from any step of the constant phase.

    Source: Hu et al. 2024 (MiniCPM), arXiv:2404.06395, which leaves `f` open and uses powers of one half;
    the shape `sqrt` is from Hägele et al. 2024, arXiv:2405.18392.

    >>> schedule = WarmupStableDecay(1.0, warmup_steps=10, stable_steps=80, decay_steps=10)
    >>> [float(schedule(step)) for step in (0, 5, 10, 90, 95, 100)]
    [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]
    """

    Config = WarmupStableDecayConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        warmed_up = elapsed(step, config.warmup_steps)
        decaying = step - config.warmup_steps - config.stable_steps
        gone, left = elapsed(decaying, config.decay_steps), remaining(decaying, config.decay_steps)
        risen = interpolate(config.peak_learning_rate, config.initial_learning_rate, warmed_up)
        return interpolate(risen, config.end_learning_rate, _SHAPES[config.shape](gone, left))


# By what has gone and what is left of the decay, as neither is one minus the other with all its digits.
_SHAPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "linear": lambda gone, left: left,  # noqa: ARG005  # all have the same arguments
    "cosine": lambda gone, left: half_cosine(left),  # noqa: ARG005
    "sqrt": lambda gone, left: left / (1 + tf.sqrt(gone)),
}
