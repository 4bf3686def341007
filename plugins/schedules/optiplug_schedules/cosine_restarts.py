"""Cosine decay with warm restarts."""

from __future__ import annotations

import functools
import math
from decimal import Decimal, localcontext
from typing import NamedTuple

import tensorflow as tf

from optiplug import Schedule, Tensor

from .configs.cosine_restarts import CosineRestartsConfig
from .progress import half_cosine, passed, periods, remaining, spanned

__all__ = ["CosineDecayRestarts"]

# From here on a float64 no longer tells one step from the next.
_LAST_STEP = 2**53


class CosineDecayRestarts(Schedule):
    """Cosine decay with warm restarts, in periods of constant or growing length.

    Period ``i`` begins at ``first_decay_steps * (1 + t_mul + ... + t_mul^(i-1))`` and lasts
    ``first_decay_steps * t_mul^i`` steps; with `fraction` the part of it that has passed::

        decay = (1 - alpha) * m_mul^i * (1 + cos(pi * fraction)) / 2 + alpha
        value = initial_learning_rate * decay

    Source: Loshchilov and Hutter 2017, arXiv:1608.03983.

    Differs from `tf_keras` where rounding decides: there the period is the floor of a quotient of logarithms,
    which at some boundaries (the fifth restart of ``t_mul=3`` in float64) is one too low, and the restart
    comes a step late. Here boundaries are counted exactly, `t_mul` being the decimal that was written.

    >>> schedule = CosineDecayRestarts(1.0, first_decay_steps=10)
    >>> [round(float(schedule(step)), 6) for step in (0, 5, 10, 20, 30)]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """

    Config = CosineRestartsConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        restarts, left = self._equal_periods(step) if config.t_mul == 1 else self._growing_periods(step)
        height = tf.exp(restarts * math.log(config.m_mul)) * half_cosine(left)
        return config.initial_learning_rate * ((1 - config.alpha) * height + config.alpha)

    def _equal_periods(self, step: Tensor) -> tuple[Tensor, Tensor]:
        """Return the number of restarts up to `step` and the fraction of its period that is left."""
        length = self.config.first_decay_steps
        restarts = periods(step, length)
        left = remaining(step - spanned(restarts, length, step.dtype), length)
        return tf.cast(restarts, step.dtype), left

    def _growing_periods(self, step: Tensor) -> tuple[Tensor, Tensor]:
        table = _table(self.config.first_decay_steps, self.config.t_mul)
        period = passed(step, table.first_steps) - 1
        whole, part, length = (tf.gather(tf.constant(column, step.dtype), period) for column in table[1:])
        return tf.cast(period, step.dtype), (whole - step + part) / length


class _Periods(NamedTuple):
    """For each period: its first whole step; its end, as whole steps and a part of one; its length."""

    first_steps: tuple[int, ...]
    whole_ends: tuple[int, ...]
    end_parts: tuple[float, ...]
    lengths: tuple[float, ...]


@functools.lru_cache(maxsize=64)
def _table(first_length: float, growth: float) -> _Periods:
    rows = []
    with localcontext(prec=100):  # every boundary on a whole step has fewer digits: none is rounded across it
        start, length = Decimal(0), Decimal(repr(first_length))
        while start < _LAST_STEP:
            end = start + length
            rows.append((math.ceil(start), math.floor(end), float(end % 1), float(length)))
            start, length = end, length * Decimal(repr(growth))
    return _Periods(*zip(*rows, strict=True))
