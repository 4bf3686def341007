"""Several schedules at once."""

from __future__ import annotations

import functools
import operator

from optiplug import Schedule, Tensor

from .configs.product import ProductConfig

__all__ = ["Product"]


class Product(Schedule):
    """Product of several schedules or numbers.

    ::

        value = schedules[0](step) * schedules[1](step) * ...

    >>> schedule = Product([0.5, lambda step: step, lambda step: step + 1])
    >>> [float(schedule(step)) for step in (0, 1, 2)]
    [0.0, 1.0, 3.0]
    """

    Config = ProductConfig

    def value(self, step: Tensor) -> Tensor:
        values = [Schedule.of(schedule)(step) for schedule in self.config.schedules]
        return functools.reduce(operator.mul, values)
