"""NumPy float64 oracle of Adafactor's update clipping.

Shazeer and Stern 2018, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", Algorithm 3.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from references.case import Case, Peer
from references.training import Array, Processor, Scalar, Step, at


class UpdateClip(Processor):
    """``u / max(1, rms(u) / threshold)`` with the update u before the learning rate."""

    def __init__(self, threshold: Scalar = 1.0) -> None:
        self.threshold = threshold

    def update(self, updates: list[Array], step: Step) -> list[Array]:
        return [self.clipped(update, step) for update in updates]

    def clipped(self, update: Array, step: Step) -> Array:
        if not update.size or not step.rate:
            return np.zeros_like(update)
        rms = float(np.sqrt(np.mean(np.square(update / step.rate))))
        return np.asarray(update / max(1.0, rms / at(self.threshold, step.iteration)))


def _optax(threshold: float) -> Any:
    import optax

    return optax.chain(optax.trace(0.9), optax.clip_by_block_rms(threshold), optax.scale(-0.02))


CASES = [Case("update_clip", UpdateClip), Case("update_clip", UpdateClip, {"threshold": 3.0})]
# Without an empty variable: its mean is NaN there.
PEERS = [
    Peer("update_clip", "optax", partial(_optax, threshold), {"threshold": threshold}, ((), (5,), (4, 3)))
    for threshold in (1.0, 3.0)
]
