"""The one-cycle policy."""

from __future__ import annotations

from optiplug import Schedule, Tensor

from .configs.one_cycle import OneCycleConfig
from .progress import elapsed, half_cosine, interpolate, remaining

__all__ = ["OneCycle"]


class OneCycle(Schedule):
    """One-cycle policy: cosine annealing up to a peak, then down to almost nothing.

    ::

        first = peak_learning_rate / div_factor          at step 0
        peak_learning_rate                               at step int(pct_start * total_steps)
        last = first / final_div_factor                  from step total_steps on

    and between two of them ``end + (start - end) * (1 + cos(pi * fraction)) / 2``. With `shape` linear the
    ways are straight, and ``first`` is reached again at step ``int(pct_final * total_steps)``.

    Source: Smith and Topin 2017, arXiv:1708.07120, in the form of optax' `cosine_onecycle_schedule` and
    `linear_onecycle_schedule`.

    >>> schedule = OneCycle(1.0, total_steps=100, pct_start=0.25, div_factor=10.0)
    >>> [round(float(schedule(step)), 6) for step in (0, 25, 100)]
    [0.1, 1.0, 1e-05]
    """

    Config = OneCycleConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        first = config.peak_learning_rate / config.div_factor
        rise = int(config.pct_start * config.total_steps)
        if config.shape == "linear":
            return self._straight(step, first, rise)
        risen = half_cosine(elapsed(step, rise))
        left = half_cosine(remaining(step - rise, config.total_steps - rise))
        # Up to the peak all is left, from the peak on all has risen: nested, the two are right on both sides.
        rising = interpolate(config.peak_learning_rate, first, risen)
        return interpolate(rising, first / config.final_div_factor, left)

    def _straight(self, step: Tensor, first: float, rise: int) -> Tensor:
        config = self.config
        fall = int(config.pct_final * config.total_steps)
        rising = interpolate(config.peak_learning_rate, first, elapsed(step, rise))
        falling = interpolate(rising, first, remaining(step - rise, fall - rise))
        last = first / config.final_div_factor
        return interpolate(falling, last, remaining(step - fall, config.total_steps - fall))
