"""The commands `optiplug compare`, `find-rate` and `plot`: which optimizer, and at which learning rate."""

from .rate_test import RateTest, find_rate

__all__ = ["RateTest", "find_rate"]
