"""NumPy float64 oracle of learning rates that fall from layer to layer.

Clark, Luong, Le and Manning 2020, "ELECTRA: Pre-training Text Encoders as Discriminators Rather
Than Generators", appendix. As in `learning_rate_scale`, a factor of the rate is one of the update.
"""

from __future__ import annotations

from collections.abc import Mapping

from references.case import Case
from references.training import Array, Processor, Step


class LayerwiseDecay(Processor):
    """Each update times the factor of its variable's layer."""

    def __init__(self, factors: Mapping[int, float]) -> None:
        self.factors = factors

    def update(self, updates: list[Array], step: Step) -> list[Array]:
        return [update * self.factors[key] for update, key in zip(updates, step.keys, strict=True)]


# The variables of a case are named w0, w1, w2 and w3.
CASES = [
    Case("layerwise_decay", LayerwiseDecay, fields, {"factors": dict(enumerate(factors))})
    for fields, factors in (
        ({"layers": ["w[12]", "w0", "w3"]}, (0.75, 0.5625, 0.5625, 1)),
        ({"layers": ["w1", "w0"], "decay": 0.3, "rest": 0.5}, (1, 0.3, 0.5, 0.5)),
        ({"layers": ["*"]}, (1, 1, 1, 1)),
    )
]
