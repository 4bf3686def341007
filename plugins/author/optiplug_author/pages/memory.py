"""How much state a plugin keeps for each parameter of a model."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import tensorflow as tf

from optiplug import NonNegativeScalar, Optimizer, OptimizerConfig, ProcessorConfig, Tensor, Working

__all__ = ["bytes_per_parameter", "slots"]

SHAPES = {"kernel": (512, 256), "bias": (256,)}


class DescentConfig(OptimizerConfig):
    """Plain gradient descent, which keeps nothing."""

    learning_rate: NonNegativeScalar = 0.1


class Descent(Optimizer):
    """Plain gradient descent, which keeps nothing: what is kept around it is a processor's."""

    Config = DescentConfig

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Move one variable down its gradient."""
        variable.assign_sub(self.rate(variable) * gradient)


def slots(config: Any) -> dict[str, float]:
    """Return the bytes per parameter of each slot, for a layer of 512 x 256 in float32."""
    variables = [tf.Variable(tf.zeros(shape), name=name) for name, shape in SHAPES.items()]
    found: defaultdict[str, float] = defaultdict(float)
    around = isinstance(config, ProcessorConfig)
    optimizer = Descent(processors=[config]) if around else config.create()
    for row in optimizer.state_report(variables).rows:
        if row.slot:
            found[row.slot] += row.bytes / sum(each.shape.num_elements() for each in variables)
    return dict(found)


def bytes_per_parameter(config: Any) -> str:
    """Return all of them together, as text."""
    total = sum(slots(config).values())
    if not total:
        return "none" if isinstance(config, ProcessorConfig) else "0"
    return f"{total:.2g}" if total < 1 else f"{total:.3g}"
