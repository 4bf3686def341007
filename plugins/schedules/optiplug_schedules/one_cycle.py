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

    and between two of them ``end + (start - end) * (1 + cos(pi * fraction)) / 2``.

    Source: Smith and Topin 2017, arXiv:1708.07120, in the form of optax' `cosine_onecycle_schedule`.

    >>> schedule = OneCycle(1.0, total_steps=100, pct_start=0.25, div_factor=10.0)
    >>> [round(float(schedule(step)), 6) for step in (0, 25, 100)]
    [0.1, 1.0, 1e-05]
    """

    Config = OneCycleConfig

    def value(self, step: Tensor) -> Tensor:
        config = self.config
        rise = int(config.pct_start * config.total_steps)
        risen = half_cosine(elapsed(step, rise))
        left = half_cosine(remaining(step - rise, config.total_steps - rise))
        first = config.peak_learning_rate / config.div_factor
        # Up to the peak all is left, from the peak on all has risen: nested, the two are right on both sides.
        rising = interpolate(config.peak_learning_rate, first, risen)
        return interpolate(rising, first / config.final_div_factor, left)
