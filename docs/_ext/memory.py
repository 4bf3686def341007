"""How much state a plugin keeps for each parameter of a model."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import tensorflow as tf

from optiplug._config.kinds import ProcessorConfig
from optiplug.testing.subjects import optimizer_of

__all__ = ["bytes_per_parameter", "slots"]

SHAPES = {"kernel": (512, 256), "bias": (256,)}


def slots(config: Any) -> dict[str, float]:
    """Return the bytes per parameter of each slot, for a layer of 512 x 256 in float32."""
    variables = [tf.Variable(tf.zeros(shape), name=name) for name, shape in SHAPES.items()]
    found: defaultdict[str, float] = defaultdict(float)
    for row in optimizer_of(config).state_report(variables).rows:
        if row.slot:
            found[row.slot] += row.bytes / sum(each.shape.num_elements() for each in variables)
    return dict(found)


def bytes_per_parameter(config: Any) -> str:
    """Return all of them together, as text."""
    total = sum(slots(config).values())
    if not total:
        return "none" if isinstance(config, ProcessorConfig) else "0"
    return f"{total:.2g}" if total < 1 else f"{total:.3g}"
