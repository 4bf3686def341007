"""NumPy oracle of stochastic rounding (Zamirai et al. 2020, arXiv:2010.06192).

Only bfloat16 is rounded, so in double precision nothing happens; the law of the rounding is in the
tests of the processor.
"""

from __future__ import annotations

from typing import Any

from references.case import Case
from references.training import Processor


class StochasticRounding(Processor):
    """Leave double precision alone."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields


CASES = [Case("stochastic_rounding", StochasticRounding, {"seed": 3})]
