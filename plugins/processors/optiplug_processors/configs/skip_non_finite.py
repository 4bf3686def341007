"""Config of skip_non_finite."""

from __future__ import annotations

from optiplug import PositiveInt, ProcessorConfig

__all__ = ["SkipNonFiniteConfig"]


class SkipNonFiniteConfig(ProcessorConfig):
    """Skip steps whose gradients hold a NaN or an infinity, and count them. One scalar of state."""

    implementation = "optiplug_processors.skip_non_finite:SkipNonFinite"
    elementwise = True
    complex_variables = True
    paper = "Micikevicius et al. 2018, Mixed Precision Training, arXiv:1710.03740"

    max_consecutive: PositiveInt | None = None
    """Largest number of calls in a row that are skipped; the next broken one is let through. None: no end."""
