"""Hyperbolic-tangent decay."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.tanh_decay import TanhDecayConfig
from .progress import elapsed, interpolate

__all__ = ["TanhDecay"]


class TanhDecay(Schedule):
    """Hyperbolic-tangent decay: slow, then fast, then slow again.

    ::

        x = lower + (upper - lower) * min(step, decay_steps) / decay_steps
        value = initial_learning_rate * (1 - tanh(x)) / 2

    and the value of step `decay_steps` from then on: 0.25 % of the initial one with the default `upper`.

    Source: Hsueh, Li and Wu 2019, arXiv:1806.01593, which recommends (-6, 3).

    >>> schedule = TanhDecay(1.0, decay_steps=90)
    >>> [round(float(schedule(step)), 6) for step in (0, 60, 90, 1000)]
    [0.999994, 0.5, 0.002473, 0.002473]
    """

    Config = TanhDecayConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        x = interpolate(config.upper, config.lower, elapsed(step, config.decay_steps))
        # (1 - tanh(x)) / 2, with all its digits as it nears 0.
        return config.initial_learning_rate / (1 + tf.exp(2 * x))
