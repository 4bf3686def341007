"""Cosine decay with an optional linear warmup."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.cosine import CosineConfig
from .progress import elapsed, half_cosine, interpolate, remaining

__all__ = ["CosineDecay"]


class CosineDecay(Schedule):
    """Cosine decay, with an optional linear warmup.

    ::

        height = ((1 + cos(pi * min(step, decay_steps) / decay_steps)) / 2) ^ exponent
        value  = initial_learning_rate * ((1 - alpha) * height + alpha)

    With `warmup_target`, the value first rises linearly from `initial_learning_rate` to
    `warmup_target` in `warmup_steps` steps, and decays from there in `decay_steps` more.

    Source: Loshchilov and Hutter 2017, arXiv:1608.03983; the warmup from Goyal et al. 2017,
    arXiv:1706.02677.

    With `exponent` equal to optax' `cosine_decay_schedule`.

    Differs from `tf_keras`: one of `warmup_target` and `warmup_steps` without the other is an error.

    >>> schedule = CosineDecay(0.0, decay_steps=100, warmup_target=1.0, warmup_steps=10)
    >>> [round(float(schedule(step)), 6) for step in (0, 5, 10, 60, 110)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    Config = CosineConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        peak = config.initial_learning_rate
        if config.warmup_target is not None:
            peak = interpolate(config.warmup_target, peak, elapsed(step, config.warmup_steps))
        height = half_cosine(remaining(step - config.warmup_steps, config.decay_steps))
        if config.exponent != 1:
            height = tf.pow(height, config.exponent)
        return peak * interpolate(1.0, config.alpha, height)
